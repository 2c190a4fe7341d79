// docs/generated/config.md from the JSON Schema of merlon.yaml: one table a mapping.

import type { JsonSchema } from '../../src/config/json-schema.ts'
import { notice, table } from './markdown.ts'

export function configPage(schema: JsonSchema): string {
  return `${notice}
# merlon.yaml

Every key, its default and what it means. A key that is not here is an error. Editors that know JSON Schema complete and
check the file with \`merlon.schema.json\`, for instance by this first line:

\`\`\`yaml
# yaml-language-server: $schema=./merlon.schema.json
\`\`\`

\`[ ]\` stands for each item of a list, \`NAME\` for a name that you choose.

${sections('', schema).join('\n\n')}
`
}

function sections(path: string, schema: JsonSchema): string[] {
  const properties = Object.entries(schema.properties ?? {})
  if (properties.length === 0) return []
  const rows = properties.map(([key, value]) => [
    `\`${key}\``,
    typeOf(value),
    value.default !== undefined && typeof value.default !== 'object'
      ? `\`${String(value.default)}\``
      : listDefault(value),
    schema.required?.includes(key) && value.default === undefined ? 'required' : '',
    value.description ?? '',
  ])
  const own = `## ${path === '' ? 'top level' : `\`${path}\``}\n\n${table(['key', 'value', 'default', '', 'means'], rows)}`
  const below = properties.flatMap(([key, value]) => mapping(path === '' ? key : `${path}.${key}`, value))
  return [own, ...below]
}

/** The mappings that a value consists of, whatever list or map they stand in. Route sections repeat the top level's. */
function mapping(path: string, schema: JsonSchema): string[] {
  if (/^routes\[ \]\.(guards|body|limits)$/.test(path)) return []
  if (schema.items) return mapping(`${path}[ ]`, schema.items)
  if (typeof schema.additionalProperties === 'object') return mapping(`${path}.NAME`, schema.additionalProperties)
  const choice = schema.anyOf?.find(one => one.properties)
  return sections(path, choice ?? schema)
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map(value => `\`${String(value)}\``).join(', ')
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`
  if (schema.type === 'object') return 'mapping'
  if (schema.type === 'integer') return `whole number${range(schema)}`
  return schema.type === 'string' ? 'text' : String(schema.type ?? 'anything')
}

function range({ minimum, maximum }: JsonSchema): string {
  const bounded = typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER
  if (!bounded) return ''
  return typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER
    ? `, ${minimum} to ${maximum}`
    : `, at least ${minimum}`
}

function listDefault({ default: value }: JsonSchema): string {
  return Array.isArray(value) ? `\`${JSON.stringify(value)}\`` : ''
}
