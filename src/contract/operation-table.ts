// Finds the operation of a request: by method, and by a path template in which literal segments win over parameters.
// A path that servers read in several ways must mean the same in all of them.

import { type ByteString, bytesToUtf8 } from '../lib/bytes.ts'
import { readingsOf } from '../pipeline/router.ts'
import type { Operation } from './operation.ts'

export interface Found {
  readonly operation: Operation
  /** Values of the path parameters, decoded. */
  readonly path: Readonly<Record<string, string>>
}

interface Entry {
  readonly operation: Operation
  /** Undefined for a parameter. */
  readonly segments: readonly (string | undefined)[]
  /** Any rest may follow. */
  readonly isPrefix: boolean
}

export class OperationTable {
  /** By method. */
  readonly #entries = new Map<string, Entry[]>()
  /** What has no parameters, by method and path: most requests. */
  readonly #plain = new Map<string, Found>()

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      const isPrefix = operation.template.endsWith('/*')
      const template = isPrefix ? operation.template.slice(0, -2) : operation.template
      const segments = template
        .slice(1)
        .split('/')
        .map(segment => (segment.startsWith('{') ? undefined : decoded(segment)))
      const entry = { operation, segments: isPrefix && template === '' ? [] : segments, isPrefix }
      const known = this.#entries.get(operation.method)
      if (known) known.push(entry)
      else this.#entries.set(operation.method, [entry])
      if (!isPrefix && operation.path.length === 0) {
        this.#plain.set(`${operation.method} ${template}`, { operation, path: {} })
      }
    }
    for (const entries of this.#entries.values()) entries.sort(literalsFirst)
  }

  find(method: ByteString, path: ByteString): Found | undefined {
    const plain = this.#plain.get(`${method} ${path}`)
    if (plain) return plain
    const [first = path, ...others] = readingsOf(path)
    const found = this.#match(method, first) ?? (method === 'HEAD' ? this.#match('GET', first) : undefined)
    if (!found) return undefined
    return others.every(other => isSame(found, this.#match(found.operation.method, other))) ? found : undefined
  }

  #match(method: string, path: string): Found | undefined {
    const entries = this.#entries.get(method)
    if (!entries) return undefined
    const segments = path.slice(1).split('/')
    for (const { operation, segments: wanted, isPrefix } of entries) {
      if (isPrefix ? segments.length <= wanted.length && wanted.length > 0 : segments.length !== wanted.length) continue
      const values = valuesOf(operation, wanted, segments)
      if (values) return { operation, path: values }
    }
    return undefined
  }
}

function valuesOf(
  operation: Operation,
  wanted: readonly (string | undefined)[],
  segments: readonly string[],
): Record<string, string> | undefined {
  const values: Record<string, string> = {}
  let parameter = 0
  for (const [i, literal] of wanted.entries()) {
    const value = decoded(bytesToUtf8(segments[i] ?? ''))
    if (value === undefined || (value === '' && literal !== '')) return undefined
    if (literal === undefined) values[operation.path[parameter++] ?? ''] = value
    else if (literal !== value) return undefined
  }
  return values
}

/** Undefined when it is not percent-encoded UTF-8. */
function decoded(segment: string): string | undefined {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

function isSame(a: Found, b: Found | undefined): boolean {
  return b?.operation === a.operation && a.operation.path.every(name => a.path[name] === b.path[name])
}

/** OpenAPI: concrete paths are matched before their templated counterparts; and longer prefixes before shorter ones. */
function literalsFirst(a: Entry, b: Entry): number {
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const order = rank(a, i) - rank(b, i)
    if (order !== 0) return order
  }
  return Number(a.isPrefix) - Number(b.isPrefix)
}

function rank({ segments }: Entry, i: number): number {
  return i >= segments.length ? 2 : segments[i] === undefined ? 1 : 0
}
