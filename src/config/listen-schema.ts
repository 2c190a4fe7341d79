// One entry of `listen:`: an address in the clear or over TLS, and what goes with it.

import { z } from 'zod'
import { durationField } from '../lib/fields.ts'
import { addressField, hostField } from './fields.ts'

const fileField = (description: string) => z.string().min(1).max(4096).meta({ description })

const pairSchema = z.strictObject({
  cert: fileField('File with the certificate and its chain, PEM.'),
  key: fileField('File with its private key, PEM.'),
})

const acmeSchema = z
  .strictObject({
    domains: z
      .array(
        hostField.refine(host => !host.startsWith('[') && !/^[\d.]+$/.test(host), {
          message: 'must be a host name',
        }),
      )
      .min(1, 'needs at least one name')
      .max(100)
      .optional()
      .meta({ description: 'Names of the certificate; the hosts of the routes when absent.' }),
    email: z
      .string()
      .max(254)
      .regex(/^[^\s@]+@[^\s@]+$/, 'is not an address')
      .optional()
      .meta({ description: 'Where the authority writes to.' }),
    directory: z
      .union([z.enum(['letsencrypt', 'letsencrypt-staging']), z.url({ protocol: /^https$/ })])
      .default('letsencrypt')
      .meta({ description: 'The authority: letsencrypt, letsencrypt-staging, or the https URL of its directory.' }),
    ca: fileField('File with the certificate that signs the directory’s own, PEM.').optional(),
    challenge: z
      .enum(['http-01', 'tls-alpn-01', 'dns-01'])
      .default('http-01')
      .meta({ description: 'How the authority looks: over http on port 80, over https on port 443, or in the DNS.' }),
    dnsHook: z.array(z.string().max(4096)).min(1, 'needs a program').max(32).optional().meta({
      description:
        'Of dns-01: program and arguments that set and remove a TXT record; present or cleanup, its name and its value follow.',
    }),
    dnsWait: durationField.optional().meta({
      description: 'Of dns-01: time until a new record is seen everywhere.',
      default: '30s',
    }),
    eab: z
      .strictObject({
        kid: z.string().min(1).max(512).meta({ description: 'Key id.' }),
        hmacKey: z
          .string()
          .regex(/^(?:env|file):.+$/, 'must be env:NAME or file:PATH')
          .meta({ description: 'Its key in base64url, as env:NAME or file:PATH.' }),
      })
      .optional()
      .meta({ description: 'External account binding, for authorities that want one.' }),
  })
  .superRefine(({ domains = [], challenge, dnsHook, dnsWait }, context) => {
    const say = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (challenge === 'dns-01' && !dnsHook) say(['challenge'], 'needs dnsHook beside it')
    if (challenge === 'dns-01') return
    if (dnsHook) say(['dnsHook'], 'is for challenge: dns-01')
    if (dnsWait !== undefined) say(['dnsWait'], 'is for challenge: dns-01')
    const wildcard = domains.findIndex(domain => domain.startsWith('*'))
    if (wildcard >= 0) say(['domains', wildcard], 'needs challenge: dns-01, by which alone wildcards are proved')
  })
  .meta({ description: 'Gets the certificate from an authority (ACME) and renews it.' })

export const listenSchema = z
  .strictObject({
    http: addressField.optional(),
    https: addressField.optional(),
    redirect: z.boolean().optional().meta({ description: 'With http: sends every request to https.', default: false }),
    proxyProtocol: z.boolean().optional().meta({
      description: 'Connections begin with a PROXY header (version 1 or 2). Only trustedProxies may connect.',
      default: false,
    }),
    http2: z.boolean().optional().meta({
      description:
        'HTTP/2 for clients that ask for it: on by default with https; with http it is for clients that begin with it.',
    }),
    cert: fileField('File with the certificate and its chain, PEM.').optional(),
    key: fileField('File with its private key, PEM.').optional(),
    certificates: z
      .array(pairSchema)
      .min(1, 'needs at least one certificate')
      .max(1000)
      .optional()
      .meta({ description: 'Several certificates: the client’s wish decides, else the first.' }),
    acme: acmeSchema.optional(),
    hsts: z
      .union([z.literal('off'), durationField])
      .optional()
      .meta({ description: 'Strict-Transport-Security for so long, or off.', default: '365d' }),
    clientCa: fileField('File with the authorities whose client certificates are good, PEM.').optional(),
    clientCrl: fileField('File with the list of client certificates that were taken back, PEM.').optional(),
    clientCert: z.enum(['request', 'require']).optional().meta({
      description: 'With clientCa: require refuses the handshake without a good certificate, request lets it pass.',
      default: 'require',
    }),
  })
  .superRefine((listen, context) => {
    for (const { path, message } of contradictions(listen)) context.addIssue({ code: 'custom', path, message })
  })

type Written = {
  readonly [key in 'http' | 'https' | 'cert' | 'key' | 'certificates' | 'acme' | 'clientCa']?: unknown
} & Readonly<Record<string, unknown>>

const tlsKeys = ['cert', 'key', 'certificates', 'acme', 'hsts', 'clientCa', 'clientCrl', 'clientCert'] as const

/** What can't stand together. */
function contradictions(listen: Written): { path: string[]; message: string }[] {
  const found: { path: string[]; message: string }[] = []
  const say = (key: string, message: string) => found.push({ path: [key], message })
  const has = (key: string) => listen[key] !== undefined
  if (!has('http') && !has('https')) found.push({ path: [], message: 'needs an address: write http: or https:' })
  if (has('http') && has('https')) say('https', 'can’t stand beside http: make it an entry of its own')
  if (has('https') && has('redirect')) say('redirect', 'is for http: https is where it leads')
  if (has('http')) for (const key of tlsKeys) if (has(key)) say(key, 'is for https')
  if (has('cert') !== has('key')) say(has('cert') ? 'cert' : 'key', `needs ${has('cert') ? 'key' : 'cert'} beside it`)
  const sources = ['cert', 'certificates', 'acme'].filter(has)
  for (const key of sources.slice(1)) say(key, `can’t stand beside ${sources[0]}`)
  for (const key of ['clientCrl', 'clientCert']) if (has(key) && !has('clientCa')) say(key, 'needs clientCa beside it')
  return found
}
