// The JSON Schema of merlon.yaml, for editors and for docs/generated/config.md: what may be written, before defaults
// and units are worked out.

import { z } from 'zod'
import { chain } from '../guards/chain.ts'
import type { GuardDefinition } from '../pipeline/guard.ts'
import { createConfigSchema } from './schema.ts'

export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly default?: unknown
  readonly [keyword: string]: unknown
}

export function configJsonSchema(guards: readonly GuardDefinition[] = chain): JsonSchema {
  const schema = toJsonSchema(createConfigSchema(guards))
  const sections = Object.fromEntries(guards.map(guard => [guard.name, guardSection(guard)]))
  return withGuards(schema, sections)
}

/** A guard's options with `mode`, none of them required, because a section may be laid over another. */
function guardSection(guard: GuardDefinition): JsonSchema {
  const { $schema: _, required: __, ...options } = toJsonSchema(guard.options)
  const mode = { type: 'string', enum: ['protect', 'monitor', 'off'], description: 'Mode of this guard.' }
  return { ...options, description: guard.summary, properties: { mode, ...options.properties } }
}

function withGuards(schema: JsonSchema, sections: Record<string, JsonSchema>): JsonSchema {
  const properties = { ...schema.properties }
  const routes = properties['routes']
  const route = routes?.items
  const fill = (node: JsonSchema | undefined): JsonSchema => ({ ...node, properties: sections })
  properties['guards'] = fill(properties['guards'])
  if (routes && route) {
    const own = { ...route.properties, guards: fill(route.properties?.['guards']) }
    properties['routes'] = { ...routes, items: { ...route, properties: own } }
  }
  return { ...schema, properties }
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
}
