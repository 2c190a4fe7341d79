// merlon.yaml as a schema: what may be written, with its defaults and descriptions. A key that is not here is an error,
// so nothing is accepted and ignored. What needs two places of the file at once (names that must exist, overlays of
// guards) is in resolve.ts; the guards' own options are theirs (guards/*/options.ts).

import { z } from 'zod'
import { durationField, networkField, sizeField } from '../lib/fields.ts'
import { formatSize } from '../lib/units.ts'
import { defaultBodyPolicy } from '../pipeline/body.ts'
import type { GuardDefinition } from '../pipeline/guard.ts'
import { type LimitDefinition, type LimitName, limitDefinitions } from '../pipeline/limits.ts'
import { accountsSchema } from './accounts-schema.ts'
import { addressField, hostField, modeField, nameField, pathField } from './fields.ts'
import { listenSchema } from './listen-schema.ts'
import { presets } from './preset.ts'
import { clientCertSchema, headersSchema, maintenanceSchema, matchHeadersSchema, pagesSchema } from './route-schema.ts'
import { upstreamSchema } from './upstream-schema.ts'

/** `body.inspected` and `body.max` are these limits under the name that people look for. */
const limitsOfBody: ReadonlySet<LimitName> = new Set(['bodyInspected', 'bodyMax'])

/** Limits that are looked up on the route. The others hold for a connection or a worker, before a route is known. */
export const routeLimits: ReadonlySet<LimitName> = new Set([
  'arguments',
  'fileInspected',
  'jsonDepth',
  'jsonKeys',
  'multipartParts',
  'responseInspected',
  'upstreamAttempts',
  'upstreamTimeout',
  'websocketMessageBytes',
  'websocketMessages',
  'websocketFrames',
  'tunnelIdleTimeout',
  'xmlDepth',
  'xmlNodes',
])

const limitFields = {
  bytes: sizeField,
  ms: durationField,
  count: z.number().int(),
  bytesPerSecond: sizeField,
} as const

const ceilings = { bytes: 2 ** 31, ms: 86_400_000, count: 10_000_000, bytesPerSecond: 2 ** 31 } as const

function limitsSchema(wanted: (name: LimitName) => boolean) {
  const names = (Object.keys(limitDefinitions) as LimitName[]).filter(name => !limitsOfBody.has(name) && wanted(name))
  const fields = names.map(name => {
    const { unit, summary, max = ceilings[unit] }: LimitDefinition = limitDefinitions[name]
    const field: z.ZodType<number> = limitFields[unit]
    const bounded = field.refine(value => value >= 1 && value <= max, {
      message: `must be at least 1 and at most ${max}${unit === 'ms' ? ' ms' : ''}`,
    })
    return [name, bounded.optional().meta({ description: summary, default: writtenLimit(name) })] as const
  })
  return z.strictObject(Object.fromEntries(fields))
}

/** A limit's default as it would be written. */
function writtenLimit(name: LimitName): string | number {
  const { unit, default: value } = limitDefinitions[name]
  if (unit === 'count') return value
  if (unit === 'ms') return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`
  return formatSize(value).replace(' ', '')
}

const { text, multipart, binary } = defaultBodyPolicy.overflow

const overflowClasses = z.strictObject({
  text: z.enum(['deny', 'pass']).optional().meta({ description: 'JSON, forms, XML and text.', default: text }),
  multipart: z
    .enum(['deny', 'clip', 'pass'])
    .optional()
    .meta({ description: 'multipart/*: files stream after their start.', default: multipart }),
  binary: z
    .enum(['deny', 'clip', 'pass'])
    .optional()
    .meta({ description: 'Images, archives and other binary types.', default: binary }),
})

/** One choice for every class of bodies, or one a class. Text can't be clipped: `clip` for all denies it. */
const overflowSchema = z
  .union([z.enum(['deny', 'clip', 'pass']), overflowClasses])
  .transform((choice): z.output<typeof overflowClasses> => {
    if (typeof choice !== 'string') return choice
    return { text: choice === 'clip' ? 'deny' : choice, multipart: choice, binary: choice }
  })
  .meta({
    description:
      'What becomes of a body larger than `inspected`, for all or by class. deny: 413. clip: inspect its start and let the rest stream (text is denied). pass: inspect what fits.',
  })

const bodySchema = z
  .strictObject({
    // It is held in memory, once for each request in flight.
    inspected: sizeField
      .refine(bytes => bytes >= 1024 && bytes <= 2 ** 26, { message: 'must be between 1KiB and 64MiB' })
      .optional()
      .meta({ description: 'How much of a body is read before the decision.', default: writtenLimit('bodyInspected') }),
    max: sizeField
      .refine(bytes => bytes >= 1 && bytes <= 2 ** 40, { message: 'must be at most 1024GiB' })
      .optional()
      .meta({ description: 'The largest body that is passed on.', default: writtenLimit('bodyMax') }),
    overflow: overflowSchema.optional(),
  })
  .meta({ description: 'Request bodies.' })

const openapiField = z.string().min(1).max(4096).meta({
  description:
    'File with the OpenAPI document (3.0 or 3.1) of what is behind the routes, for the guards `waf` and `authz`.',
})

/** Sections of guards: `mode` is checked here, the rest by resolve.ts against the guard's own schema. */
function guardsSchema(guards: readonly GuardDefinition[]) {
  const sections = guards.map(guard => [guard.name, z.looseObject({ mode: modeField.optional() }).optional()] as const)
  return z.strictObject(Object.fromEntries(sections))
}

export function createConfigSchema(guards: readonly GuardDefinition[]) {
  const guardsSection = guardsSchema(guards)
  const routeSchema = z.strictObject({
    name: nameField.optional().meta({ description: 'Shown in events and metrics; made from `match` when absent.' }),
    match: z
      .strictObject({
        host: hostField.optional(),
        path: pathField.optional(),
        methods: z
          .array(z.string().regex(/^[A-Z][A-Z-]{0,31}$/, 'is not a method: write GET, POST …'))
          .min(1, 'needs at least one method')
          .max(32)
          .optional()
          .meta({ description: 'Methods of the route, GET with HEAD; every method when absent.' }),
        headers: matchHeadersSchema.optional(),
      })
      .default({})
      .meta({ description: 'Which requests; all when absent.' }),
    to: nameField.meta({ description: 'Name of an upstream.' }),
    mode: modeField.optional(),
    public: z.boolean().optional().meta({
      description: 'With preset zero-trust: the route is open to everyone, without authn and authz.',
    }),
    openapi: openapiField.optional(),
    guards: guardsSection.optional().meta({ description: 'Laid over the defaults, option by option.' }),
    body: bodySchema.optional(),
    websocket: z.enum(['inspect', 'pass']).default('inspect').meta({
      description:
        'inspect: the frames of WebSockets must be right, and guards judge text messages; compression is not offered to the upstream. pass: bytes go through unseen.',
    }),
    headers: headersSchema.optional(),
    clientCert: clientCertSchema.optional(),
    maintenance: maintenanceSchema.optional(),
    pages: pagesSchema.optional(),
    paths: z.enum(['normalize', 'strict', 'asIs']).default('normalize').meta({
      description:
        'normalize: one form of the path is matched, judged and sent; what servers read differently is refused. strict: a path in another form is refused. asIs: sent as it came.',
    }),
    limits: limitsSchema(name => routeLimits.has(name))
      .optional()
      .meta({ description: 'The limits that are looked up on the route.' }),
  })

  return z
    .strictObject({
      mode: modeField.default('protect'),
      preset: z.enum(presets).optional().meta({
        description:
          'zero-trust: every route needs authn and authz in protect mode unless it says public: true; tokens must be bound to a key or certificate and live 5 minutes; upstreams get a signed verdict; listeners that others reach are https.',
      }),
      listen: z.array(listenSchema).min(1, 'needs at least one address').max(64).meta({
        description: 'Where clients connect.',
      }),
      upstreams: z.record(nameField, upstreamSchema).meta({ description: 'Where requests go, by name.' }),
      openapi: openapiField.optional(),
      guards: guardsSection.optional().meta({ description: 'Options of the guards, for every route.' }),
      routes: z.array(routeSchema).min(1, 'needs at least one route').max(10_000).meta({
        description: 'Which requests go where. The most specific match wins; the order does not count.',
      }),
      body: bodySchema.optional(),
      headers: headersSchema.optional().meta({ description: 'Rules for headers, of every route that has none.' }),
      maintenance: maintenanceSchema.optional(),
      pages: pagesSchema.optional(),
      limits: limitsSchema(() => true)
        .optional()
        .meta({ description: 'Bounds of the data plane.' }),
      trustedProxies: z.array(networkField).max(10_000).default([]).meta({
        description: 'Proxies in front of the gateway whose x-forwarded-for is believed.',
      }),
      store: z
        .strictObject({
          state: z.string().min(1).default('./.merlon').meta({ description: 'Folder.' }),
          key: z
            .string()
            .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'is no place for a key: write env:NAME or file:PATH')
            .optional()
            .meta({
              description:
                'The master key (32 bytes, hex or base64) that seals secrets at rest: env:NAME or file:PATH. Without it master.key in the state folder, made on the first start.',
            }),
          database: z
            .string()
            .max(4096)
            .regex(
              /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|postgres(ql)?:\/\/.+)$/,
              'is no place of a database: write postgres://user@host/name, env:NAME or file:PATH',
            )
            .optional()
            .meta({
              description:
                'PostgreSQL for clients, keys, users and revocations, which several gateways may share: a URL, or env:NAME or file:PATH of one. Without it a file in the state folder.',
            }),
          staleAfter: durationField
            .refine(ms => ms <= 3_600_000, { message: 'must be at most 1h' })
            .prefault('1m')
            .meta({
              description:
                'How long tokens and keys still count when the database is out of reach and revocations of other gateways can’t be heard of; after it nobody is let in.',
            }),
        })
        .prefault({})
        .meta({ description: 'Where the gateway keeps its state; seen from the folder of this file.' }),
      accounts: accountsSchema,
      admin: z
        .strictObject({ listen: addressField.optional() })
        .default({})
        .meta({ description: 'Health and metrics over HTTP; off when absent (the admin socket is always there).' }),
      events: z
        .strictObject({
          stdout: z.enum(['ecs', 'off']).default('off').meta({ description: 'One JSON line an event, ECS fields.' }),
          file: z.string().min(1).optional().meta({ description: 'The same lines into a file.' }),
          retention: durationField.prefault('30d').meta({ description: 'How long events are kept in the journal.' }),
        })
        .prefault({})
        .meta({ description: 'Security events. The journal in the state folder always has them.' }),
      workers: z.number().int().min(1).max(256).optional().meta({
        description: 'Data-plane threads; the number of cores when absent.',
      }),
    })
    .meta({ title: 'merlon.yaml' })
}

export type ConfigInput = z.output<ReturnType<typeof createConfigSchema>>
export type RouteInput = ConfigInput['routes'][number]
