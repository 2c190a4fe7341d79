// Everything that the policies of a gateway are judged with: the operations of its routes, the schema made from them,
// and the policies, validated. Made once for all routes that name the same policies.

import { statSync } from 'node:fs'
import { relative } from 'node:path'
import type { OpenApiResult } from '../contract/openapi.ts'
import { type Api, operationsOfRoute } from '../contract/operation.ts'
import { readDocument } from '../contract/read-document.ts'
import type { Problem } from '../lib/problem.ts'
import type { RouteInfo } from '../pipeline/guard.ts'
import { digestOf, type Policy, parsePolicies, readPolicyFiles, validatePolicies } from './policy-files.ts'
import { type CedarSchema, schemaOf } from './schema.ts'

export interface PolicyModel {
  readonly apis: readonly Api[]
  readonly schema: CedarSchema
  readonly policies: readonly Policy[]
  readonly warnings: readonly Problem[]
  /** Whether one of its files is another now. */
  isStale(): boolean
}

export type ModelResult =
  | { readonly ok: true; readonly model: PolicyModel }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** How long the answer to `isStale` holds: every route asks when a config is loaded. */
const freshMs = 1000

export function createModel(routes: readonly RouteInfo[], patterns: readonly string[], dir: string): ModelResult {
  const read = readApis(routes, dir)
  const { files, problems: unreadable } = readPolicyFiles(patterns, dir)
  const parsed = parsePolicies(files)
  const early = [...read.problems, ...unreadable, ...parsed.problems]
  const schema = schemaOf(read.apis)
  // With a document missing, every policy about it would be wrong.
  const found = read.problems.length > 0 ? [] : validatePolicies(parsed.policies, schema.text)
  const problems = [...early, ...found.filter(({ severity }) => severity === 'error')]
  if (problems.length > 0) return { ok: false, problems }

  const digest = digestOf(files)
  const stamps = [...read.stamps]
  let staleAt = { ms: 0, stale: false }
  const look = () =>
    digestOf(readPolicyFiles(patterns, dir).files) !== digest || stamps.some(([path, stamp]) => stampOf(path) !== stamp)
  return {
    ok: true,
    model: {
      apis: read.apis,
      schema,
      policies: parsed.policies,
      warnings: found,
      isStale: () => {
        if (performance.now() - staleAt.ms > freshMs) staleAt = { ms: performance.now(), stale: look() }
        return staleAt.stale
      },
    },
  }
}

/** The operations of each route: of its document, or of what it matches. */
export function readApis(routes: readonly RouteInfo[], dir: string) {
  const problems: Problem[] = []
  const stamps = new Map<string, string>()
  const documents = new Map<string, OpenApiResult>()
  const apis = routes.map((route): Api => {
    const { openapi: path, name } = route
    if (path === undefined) return { name, operations: operationsOfRoute(route) }
    let document = documents.get(path)
    if (!document) {
      document = readDocument(path, relative(dir, path))
      documents.set(path, document)
      stamps.set(path, stampOf(path))
      problems.push(...document.problems)
    }
    return { name, operations: document.operations }
  })
  return { apis, problems, stamps }
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size } = statSync(path)
    return `${mtimeMs} ${size}`
  } catch {
    return 'gone'
  }
}

const models = new WeakMap<readonly RouteInfo[], Map<string, ModelResult>>()

/** One model for all guards of a config: `routes` is the very list that they all get. */
export function sharedModel(routes: readonly RouteInfo[], patterns: readonly string[], dir: string) {
  const own = models.get(routes) ?? new Map<string, ModelResult>()
  models.set(routes, own)
  const key = patterns.join('\0')
  const known = own.get(key)
  const result = known ?? createModel(routes, patterns, dir)
  own.set(key, result)
  return { result, isFirst: known === undefined }
}
