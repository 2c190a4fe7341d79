// The Cedar schema of a gateway, generated from its routes and OpenAPI documents: policies are validated against it, so
// that a name with a typo is found when a policy is loaded, not when it silently never applies.

import type { Api, Field, Fields, FieldType, Operation } from '../contract/operation.ts'
import { groupOf, operationType } from '../contract/operation.ts'
import { cedar } from './cedar.ts'

export interface CedarSchema {
  /** In Cedar's schema language. */
  readonly text: string
  /** What a policy can look at of each type of resource. */
  readonly resources: ReadonlyMap<string, ResourceShape>
}

interface ResourceShape {
  readonly path: Fields
  readonly query: Fields
  readonly body: Fields
  /** Fields that operations give different types: no policy can look at them. */
  readonly dropped: readonly string[]
}

/** What every principal has, whatever it is. */
const principalShape =
  '{ id: String, issuer: String, client: String, scopes: Set<String>, roles: Set<String>, groups: Set<String> }'

const principalTypes = ['User', 'Client', 'ApiKey', 'Anonymous'] as const

const contextShape = `{
  ip: ipaddr,
  time: datetime,
  hour: Long,
  weekday: Long,
  secure: Bool,
  mtls: Bool,
  certificate: String,
  spiffe: String,
  ja4: String,
  tls: String,
  sni: String,
  http: String,
  acr: String,
  scopes: Set<String>,
  score: Long,
  method: String,
  host: String,
  path: String
}`

export function schemaOf(apis: readonly Api[]): CedarSchema {
  const operations = apis.flatMap(api => api.operations)
  const resources = new Map<string, ResourceShape>()
  for (const type of new Set([operationType, ...operations.map(({ resourceType }) => resourceType)])) {
    resources.set(type, shapeOf(operations.filter(({ resourceType }) => resourceType === type)))
  }
  const lines = ['entity Role;', 'entity Group;', 'entity Api;']
  for (const type of principalTypes) lines.push(`entity ${type} in [Role, Group] = ${principalShape};`)
  for (const [type, shape] of resources) {
    if (shape.dropped.length > 0)
      lines.push(`// Of different types in different operations, so left out: ${shape.dropped.join(', ')}`)
    const parents = type === operationType ? '[Api]' : `[${operationType}, Api]`
    lines.push(`entity ${type} in ${parents} = {`)
    lines.push(`  path: ${printFields(shape.path, '  ')},`)
    lines.push(`  query: ${printFields(shape.query, '  ')},`)
    lines.push(`  body: ${printFields(shape.body, '  ')}`, '};')
  }
  lines.push(`type Context = ${contextShape};`, 'action "read", "write";')
  const principals = principalTypes.join(', ')
  for (const [id, { groups, types }] of actionsOf(operations)) {
    const list = [...groups].map(group => JSON.stringify(group)).join(', ')
    lines.push(`action ${quoted(id)} in [${list}] appliesTo {`)
    lines.push(`  principal: [${principals}], resource: [${[...types].join(', ')}], context: Context`, '};')
  }
  return { text: `${lines.join('\n')}\n`, resources }
}

/** One action may stand for operations of several documents. */
function actionsOf(operations: readonly Operation[]) {
  const actions = new Map<string, { readonly groups: Set<string>; readonly types: Set<string> }>()
  for (const { id, method, resourceType } of operations) {
    const action = actions.get(id) ?? { groups: new Set(), types: new Set() }
    action.groups.add(groupOf(method))
    action.types.add(resourceType)
    actions.set(id, action)
  }
  return actions
}

function shapeOf(operations: readonly Operation[]): ResourceShape {
  const dropped = new Set<string>()
  const names = (of: (operation: Operation) => readonly string[], required: boolean): Fields => {
    const counts = new Map<string, number>()
    for (const operation of operations) for (const name of of(operation)) counts.set(name, (counts.get(name) ?? 0) + 1)
    const type: FieldType = { kind: 'String' }
    return new Map(
      [...counts].map(([name, count]) => [name, { type, required: required && count === operations.length }]),
    )
  }
  const bodies = operations.map(({ body }) => body)
  return {
    path: names(({ path }) => path, true),
    query: names(({ query }) => query, false),
    body: mergeFields(bodies, 'body', dropped),
    dropped: [...dropped],
  }
}

/** What is in any of them; required when it is in all. */
function mergeFields(all: readonly Fields[], place: string, dropped: Set<string>): Fields {
  const merged = new Map<string, Field>()
  for (const name of new Set(all.flatMap(fields => [...fields.keys()]))) {
    const found = all.flatMap(fields => fields.get(name) ?? [])
    const type = mergeTypes(
      found.map(field => field.type),
      `${place}.${name}`,
      dropped,
    )
    const required = found.length === all.length && found.every(field => field.required)
    if (type) merged.set(name, { type, required })
  }
  return merged
}

function mergeTypes(types: readonly FieldType[], place: string, dropped: Set<string>): FieldType | undefined {
  const [first, ...others] = types
  if (!first) return undefined
  if (types.every(type => type.kind === 'Record')) {
    const fields = types.map(type => (type.kind === 'Record' ? type.fields : new Map<string, Field>()))
    return { kind: 'Record', fields: mergeFields(fields, place, dropped) }
  }
  if (others.every(type => printType(type, '') === printType(first, ''))) return first
  dropped.add(place)
  return undefined
}

function printFields(fields: Fields, indent: string): string {
  if (fields.size === 0) return '{}'
  const inner = [...fields].map(([name, { type, required }]) => {
    return `${indent}  ${quoted(name)}${required ? '' : '?'}: ${printType(type, `${indent}  `)}`
  })
  return `{\n${inner.join(',\n')}\n${indent}}`
}

function printType(type: FieldType, indent: string): string {
  if (type.kind === 'Set') return `Set<${printType(type.of, indent)}>`
  return type.kind === 'Record' ? printFields(type.fields, indent) : type.kind
}

/** Cedar's strings know the escapes of Rust. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[^\x20-\x7e]/gu, c => `\\u{${c.codePointAt(0)?.toString(16)}}`)}"`
}

/** The JSON form of a schema. */
export function schemaJson(text: string): unknown {
  const answer = cedar().schemaToJson(text)
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'the generated schema is wrong')
  return answer.json
}
