// Which fields of a JSON body a policy may look at, by the JSON Schema of the body: texts, whole numbers, booleans, lists
// of them, and objects of all that. Numbers with a fraction, and what may be of several types, have no place in Cedar and
// are left out.

import type { Field, Fields, FieldType } from './operation.ts'

const depthMax = 6
/** Fields of one body, all levels together. */
const fieldsMax = 1000

type Section = Readonly<Record<string, unknown>>
type Resolve = (value: unknown) => unknown

export function fieldsOf(schema: unknown, resolve: Resolve): Fields {
  return objectOf(schema, resolve, 0, { left: fieldsMax })
}

function objectOf(given: unknown, resolve: Resolve, depth: number, budget: { left: number }): Fields {
  const schema = sectionOf(resolve(given))
  const fields = new Map<string, Field>()
  if (depth > depthMax) return fields
  for (const part of listOf(schema['allOf'])) {
    for (const [name, field] of objectOf(part, resolve, depth + 1, budget)) fields.set(name, field)
  }
  const required = new Set(listOf(schema['required']).map(String))
  for (const [name, property] of Object.entries(sectionOf(schema['properties']))) {
    if (budget.left-- <= 0) break
    const found = typeOf(property, resolve, depth + 1, budget)
    if (found) fields.set(name, { type: found.type, required: required.has(name) && !found.nullable })
  }
  return fields
}

function typeOf(
  given: unknown,
  resolve: Resolve,
  depth: number,
  budget: { left: number },
): { readonly type: FieldType; readonly nullable: boolean } | undefined {
  const schema = sectionOf(resolve(given))
  const types = Array.isArray(schema['type']) ? schema['type'] : [schema['type']]
  const nullable = types.includes('null') || schema['nullable'] === true
  const [type, ...others] = types.filter(name => name !== 'null')
  if (others.length > 0 || depth > depthMax) return undefined
  switch (type) {
    case 'string':
      return { type: { kind: 'String' }, nullable }
    case 'integer':
      return { type: { kind: 'Long' }, nullable }
    case 'boolean':
      return { type: { kind: 'Bool' }, nullable }
    case 'array': {
      const item = typeOf(schema['items'], resolve, depth + 1, budget)
      return item && !item.nullable ? { type: { kind: 'Set', of: item.type }, nullable } : undefined
    }
    case 'object':
      return { type: { kind: 'Record', fields: objectOf(schema, resolve, depth, budget) }, nullable }
    case undefined:
      if (schema['properties'] === undefined && schema['allOf'] === undefined) return undefined
      return { type: { kind: 'Record', fields: objectOf(schema, resolve, depth, budget) }, nullable }
    default:
      return undefined
  }
}

function sectionOf(value: unknown): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
