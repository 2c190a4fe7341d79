// Reads policies from files: each statement gets a name, its `@id` or its place, is parsed by itself and validated with
// the others against the schema. All problems at once, with file, line and column.

import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { DetailedError, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Problem } from '../lib/problem.ts'
import { cedar } from './cedar.ts'
import { type PolicyReads, readsOf } from './reads.ts'
import { placeOf, type Statement, statementsOf } from './statements.ts'

export interface Policy extends PolicyReads {
  /** Its `@id`, else `file:line`. */
  readonly id: string
  readonly file: string
  readonly statement: Statement
  readonly json: PolicyJson
}

export interface PolicyFiles {
  readonly policies: readonly Policy[]
  readonly problems: readonly Problem[]
}

export const policyFilesMax = 1000
const policyBytesMax = 4 * 1024 * 1024
const policiesMax = 10_000
/** More problems than this tell nobody anything. */
const problemsMax = 100

export interface SourceFile {
  /** As problems name it. */
  readonly name: string
  readonly text: string
}

/** What the patterns lead to; a pattern that leads to nothing is a problem, because then everything would be denied. */
export function readPolicyFiles(
  patterns: readonly string[],
  dir: string,
): { readonly files: readonly SourceFile[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const say = (file: string, message: string) =>
    problems.push({ code: 'policies.unreadable', severity: 'error', file, line: 0, column: 0, message })
  const paths = new Set<string>()
  for (const pattern of patterns) {
    const found = globSync(pattern, { cwd: dir }).sort()
    if (found.length === 0) say(pattern, 'no such file of policies')
    for (const path of found) paths.add(resolve(dir, path))
  }
  if (paths.size > policyFilesMax) say(patterns.join(', '), `are more than ${policyFilesMax} files`)
  let bytes = 0
  const files: SourceFile[] = []
  for (const path of [...paths].slice(0, policyFilesMax)) {
    try {
      const text = readFileSync(path, 'utf8')
      bytes += Buffer.byteLength(text)
      if (bytes > policyBytesMax) {
        say(path, `with the files before it has more than ${policyBytesMax} bytes`)
        break
      }
      files.push({ name: relative(dir, path), text })
    } catch (error) {
      say(path, `can't be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { files, problems }
}

export function digestOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256')
  for (const { name, text } of files) hash.update(`${name}\0${text.length}\0${text}`)
  return hash.digest('base64')
}

export function parsePolicies(files: readonly SourceFile[]): PolicyFiles {
  const policies: Policy[] = []
  const problems: Problem[] = []
  const places = new Map<string, string>()
  for (const { name: file, text } of files) {
    for (const statement of statementsOf(text)) {
      const say = (message: string, error?: DetailedError) => problems.push(problemOf(file, statement, message, error))
      const parsed = cedar().policyToJson(statement.text)
      if (parsed.type === 'failure') {
        if (isTemplate(statement.text)) say('is a template: only policies without ?principal and ?resource can be used')
        else for (const error of parsed.errors) say(messageOf(error), error)
        continue
      }
      const place = `${file}:${statement.line}`
      const id = parsed.json.annotations?.['id'] ?? place
      const before = places.get(id)
      if (before !== undefined) say(`a policy with the id ${id} stands already at ${before}`)
      else if (policies.length >= policiesMax) {
        say(`are more than ${policiesMax} policies`)
        return { policies, problems }
      } else policies.push({ id, file, statement, json: parsed.json, ...readsOf(parsed.json) })
      places.set(id, place)
    }
  }
  return { policies, problems: problems.slice(0, problemsMax) }
}

/** What is wrong with policies by the schema: names that there are not, comparisons that can't be. */
export function validatePolicies(policies: readonly Policy[], schema: string): Problem[] {
  const byId = new Map(policies.map(policy => [policy.id, policy]))
  const answer = cedar().validate({
    schema,
    policies: { staticPolicies: textsOf(policies) },
    validationSettings: { mode: 'strict' },
  })
  if (answer.type === 'failure') {
    throw new Error(`the generated schema is wrong: ${answer.errors.map(error => error.message).join('; ')}`)
  }
  const problems = new Map<string, Problem>()
  const add = (policyId: string, error: DetailedError, severity: Problem['severity']) => {
    const policy = byId.get(policyId)
    if (!policy) return
    const message = messageOf(error).replace(`for policy \`${policyId}\`, `, '')
    const problem = { ...problemOf(policy.file, policy.statement, message, error), severity }
    problems.set(`${problem.line}:${problem.column} ${message}`, problem)
  }
  for (const { policyId, error } of answer.validationErrors) add(policyId, error, 'error')
  for (const { policyId, error } of answer.validationWarnings) add(policyId, error, 'warning')
  return [...problems.values()].slice(0, problemsMax)
}

export function textsOf(policies: readonly Policy[]): Record<string, string> {
  return Object.fromEntries(policies.map(({ id, statement }) => [id, statement.text]))
}

function problemOf(file: string, statement: Statement, message: string, error?: DetailedError): Problem {
  const start = error?.sourceLocations?.[0]?.start ?? 0
  // Cedar counts bytes.
  const offset = Buffer.from(statement.text).subarray(0, start).toString('utf8').length
  const { line, column } = placeOf(statement.text, offset)
  const at = { line: statement.line + line - 1, column: line === 1 ? statement.column + column - 1 : column }
  const help = error?.help
  return { code: 'policies.bad', severity: 'error', file, ...at, message, ...(help && { hint: help }) }
}

function messageOf({ message }: DetailedError): string {
  return message.replace(/^failed to parse \w+( \w+)*?: /, '')
}

function isTemplate(text: string): boolean {
  return cedar().templateToJson(text).type === 'success'
}
