// One entry of `upstreams:`: its servers, how they share the load, and when one of them is left alone.

import { z } from 'zod'
import { durationField } from '../lib/fields.ts'
import type { HashKey } from './config.ts'
import { serverField } from './fields.ts'

const duration = (least: string, leastMs: number, description: string) =>
  durationField.refine(ms => ms >= leastMs, { message: `must be at least ${least}` }).meta({ description })

const percent = (description: string) => z.number().int().min(1).max(100).meta({ description })

const healthSchema = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/\S*$/, 'must start with /')
      .max(2048)
      .meta({ description: 'Path that is asked for.' }),
    interval: duration('100ms', 100, 'Time between two checks of a server.').prefault('5s'),
    timeout: duration('10ms', 10, 'Time in which it must answer.').prefault('2s'),
    unhealthyAfter: z.number().int().min(1).max(100).default(3).meta({
      description: 'Failures in a row that take a server out.',
    }),
    healthyAfter: z.number().int().min(1).max(100).default(2).meta({
      description: 'Successes in a row that bring it back.',
    }),
  })
  .meta({ description: 'Active health check: GET, good when the status is below 400.' })

const ejectionSchema = z
  .strictObject({
    failures: z.number().int().min(1).max(1000).default(5).meta({
      description: 'Failures in a row: no answer, or 502, 503, 504.',
    }),
    pause: duration('100ms', 100, 'How long a server is left alone; doubled each time that it fails again.').prefault(
      '30s',
    ),
    share: percent('Percent of the servers that may be out at the same time.').default(50),
  })
  .meta({ description: 'Takes a server out that answers requests with failures.' })

const breakerSchema = z
  .strictObject({
    share: percent('Percent of the requests that must fail: no answer, or 502, 503, 504.').default(50),
    requests: z.number().int().min(1).max(1_000_000).default(20).meta({
      description: 'Requests of a window before the share says anything.',
    }),
    window: duration('1s', 1000, 'Window in which they are counted.').prefault('10s'),
    open: duration('100ms', 100, 'How long nothing is sent; then single requests try.').prefault('5s'),
  })
  .meta({
    description: 'Answers with 503 at once while most requests to the upstream fail. Each worker sees for itself.',
  })

const hashField = z
  .string()
  .regex(
    /^(?:client|path|host|header:[!#$%&'*+.^_`|~A-Za-z0-9-]{1,128}|cookie:[!#$%&'*+.^_`|~A-Za-z0-9-]{1,128})$/,
    'is no key: write client, path, host, header:NAME or cookie:NAME',
  )
  .transform((text): HashKey => {
    const [kind = '', name = ''] = text.split(':')
    if (kind === 'header') return { kind, name: name.toLowerCase() }
    if (kind === 'cookie') return { kind, name }
    return { kind: kind as 'client' | 'path' | 'host' }
  })
  .meta({
    description:
      'With balance: hash: what requests must share to go to one server: client, path, host, header:NAME or cookie:NAME (the client where they are absent).',
  })

const weighted = z.strictObject({
  url: serverField,
  weight: z.number().int().min(1).max(1000).default(1).meta({ description: 'Its share of the load.' }),
})

export const upstreamSchema = z
  .strictObject({
    verdict: z.boolean().optional().meta({
      description:
        'Whether the upstream gets a signed statement about each request (merlon-verdict): who asks, what was checked. Its keys are at /.well-known/merlon/jwks.json. Default: false, with preset zero-trust true.',
    }),
    servers: z
      .array(z.union([serverField.transform(url => ({ url, weight: 1 })), weighted]))
      .min(1, 'needs at least one server')
      .max(256)
      .meta({
        description:
          'Servers that share the load: http://127.0.0.1:3000, https://api.internal, unix:/run/app.sock, or { url, weight }.',
      }),
    balance: z.enum(['leastRequests', 'roundRobin', 'hash']).default('leastRequests').meta({
      description: 'Which server a request goes to: the least busy, each in turn, or always the same for a key.',
    }),
    hashBy: hashField.optional(),
    health: healthSchema.optional(),
    protocol: z.enum(['http/1.1', 'h2']).default('http/1.1').meta({
      description:
        'What servers are spoken to in. h2: over TLS by ALPN, in the clear without asking; gRPC wants it. Upgrades (WebSockets) go over HTTP/1.1.',
    }),
    ejection: ejectionSchema.optional(),
    breaker: breakerSchema.optional(),
    slowStart: durationField.optional().meta({
      description: 'Time in which a server that came back, or is new by DNS, gets its full share.',
    }),
    retryBudget: z.number().int().min(0).max(100).default(20).meta({
      description: 'Percent of the requests of ten seconds that may be sent again; ten in ten seconds always may.',
    }),
    connections: z.number().int().min(1).max(100_000).optional().meta({
      description: 'Connections of one worker to one server; limits.upstreamConnections when absent.',
    }),
    dns: duration('1s', 1000, 'Looks names of servers up so often; each address is a server by itself.').optional(),
    ca: z.string().min(1).optional().meta({
      description:
        'File with the authorities that may have signed the servers’ certificates, PEM; no other is believed.',
    }),
    cert: z.string().min(1).optional().meta({ description: 'File with the certificate that servers are shown, PEM.' }),
    key: z.string().min(1).optional().meta({ description: 'File with its private key, PEM.' }),
  })
  .superRefine(({ servers, balance, hashBy, ca, cert, key }, context) => {
    const say = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if ((cert === undefined) !== (key === undefined)) {
      say(cert === undefined ? 'key' : 'cert', `needs ${cert === undefined ? 'cert' : 'key'} beside it`)
    }
    const used = ca === undefined ? (cert === undefined ? undefined : 'cert') : 'ca'
    if (used !== undefined && servers.some(({ url }) => !url.startsWith('https:'))) {
      say(used, 'needs every server to be https')
    }
    if (balance === 'hash' && hashBy === undefined) say('balance', 'needs hashBy beside it')
    if (balance !== 'hash' && hashBy !== undefined) say('hashBy', 'needs balance: hash beside it')
  })
