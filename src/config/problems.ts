// Schema issues in words that an operator can act on: position, path, what is wrong, and the nearest known name.

import type { z } from 'zod'
import { nearest, type Problem } from '../lib/problem.ts'
import type { ConfigSource, Path } from './source.ts'

type Issue = z.core.$ZodIssue

/** Where a path of the checked data stands in the file: the two differ for a guard section, which is laid over another. */
export type Place = (path: Path) => Path

/** The keys that may stand at a path, for hints. */
export type KnownKeys = (path: Path) => readonly string[]

export function describeIssue(issue: Issue, source: ConfigSource, place: Place, known: KnownKeys): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => {
      const path = place([...issue.path, key])
      const names = known(issue.path)
      const near = nearest(key, names)
      return {
        code: 'config.unknown-key',
        severity: 'error',
        file: source.file,
        ...source.locate(path),
        path: formatPath(path),
        message: 'unknown key',
        ...(near ? { hint: `did you mean ${near}?` } : names.length > 0 ? { hint: `known: ${names.join(', ')}` } : {}),
      }
    })
  }
  const path = place(issue.path)
  if (issue.code === 'invalid_type' && issue.input === undefined && !source.has(path)) {
    return [
      {
        code: 'config.missing-key',
        severity: 'error',
        file: source.file,
        ...source.locate(path.slice(0, -1)),
        path: formatPath(path),
        message: `is missing${expectation(issue.expected)}`,
      },
    ]
  }
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? 'is not a good name'
    return [{ ...valueProblem(source, path, message), ...source.locate(path) }]
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String)
    const near = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined
    const problem = valueProblem(source, path, `must be ${oneOf(values)}`)
    return [near ? { ...problem, hint: `did you mean ${near}?` } : problem]
  }
  if (issue.code === 'invalid_union') {
    // The branch that the value was meant for is the one whose type fits.
    const meant = issue.errors.find(branch => !branch.some(inner => inner.path.length === 0 && isTypeIssue(inner)))
    if (meant && meant.length > 0) {
      return meant.flatMap(inner =>
        describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as Issue, source, place, known),
      )
    }
    const wanted = issue.errors.flatMap(branch => branch.map(expectedOf)).filter(text => text !== '')
    return [valueProblem(source, path, `must be ${[...new Set(wanted)].join(' or ')}`)]
  }
  return [valueProblem(source, path, message(issue))]
}

export function valueProblem(source: ConfigSource, path: Path, text: string, code = 'config.invalid-value'): Problem {
  return {
    code,
    severity: 'error',
    file: source.file,
    ...source.locateValue(path),
    path: formatPath(path),
    message: text,
  }
}

/** The keys that a schema knows at a path: walks objects, lists and maps, through defaults and the like. */
export function keysOf(schema: z.ZodType): KnownKeys {
  return path => {
    let current: unknown = unwrap(schema)
    for (const step of path) {
      const { shape, element, valueType } = Object(current) as {
        shape?: unknown
        element?: unknown
        valueType?: unknown
      }
      if (shape) current = unwrap((shape as Record<PropertyKey, unknown>)[step])
      else current = unwrap(element ?? valueType)
    }
    const { shape } = Object(current) as { shape?: object }
    return shape ? Object.keys(shape) : []
  }
}

function unwrap(schema: unknown): unknown {
  let current = schema
  for (let depth = 0; depth < 10; depth++) {
    const { def } = Object(current) as { def?: { innerType?: unknown; in?: unknown; options?: readonly unknown[] } }
    const mapping = def?.options?.find(option => 'shape' in Object(option))
    const next = mapping ?? def?.innerType ?? def?.in
    if (!next) return current
    current = next
  }
  return current
}

/** `routes[0].guards.rate` */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? String(step) : `${text}.${String(step)}`
  }, '')
}

function message(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      // A message that the schema gave stands; zod's own starts with "Invalid input".
      if (!issue.message.startsWith('Invalid input')) return issue.message
      return `must be ${typeName(issue.expected)}, is ${describeInput(issue.input)}`
    case 'too_small':
      if (!issue.message.startsWith('Too small')) return issue.message
      return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'is too short'
    case 'too_big':
      return issue.origin === 'number'
        ? `must be at most ${issue.maximum}`
        : `is too long: ${issue.maximum} at the most`
    default:
      return issue.message
  }
}

function isTypeIssue(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value'
}

function expectedOf(issue: Issue): string {
  if (issue.code === 'invalid_type') return typeName(issue.expected)
  return issue.code === 'invalid_value' ? oneOf(issue.values.map(String)) : ''
}

function oneOf(values: readonly string[]): string {
  return values.length < 3 ? values.join(' or ') : `one of ${values.join(', ')}`
}

function expectation(expected: string): string {
  return ['array', 'object', 'record'].includes(expected) ? `: ${typeName(expected)}` : ''
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  }
  return names[expected] ?? expected
}

function describeInput(input: unknown): string {
  if (input === null || input === undefined) return 'empty'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'object') return 'a mapping'
  const text = String(input)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
