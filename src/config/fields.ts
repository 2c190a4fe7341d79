// Fields that only merlon.yaml has: listening addresses, upstream origins, host and path patterns.

import { z } from 'zod'
import type { Address } from './config.ts'

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`. Without a host: every address of the machine. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]*):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const port = Number(match[2])
  if (port > 65_535) return undefined
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port }
}

/** The text form of an address, as it stands in URLs. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

export const addressField = z
  .string('must be an address: write ":8080", "127.0.0.1:8080" or "[::1]:8080"')
  .transform((text, context) => {
    const address = parseAddress(text)
    if (address) return address
    context.addIssue({
      code: 'custom',
      message: 'is not an address: write ":8080", "127.0.0.1:8080" or "[::1]:8080"',
      input: text,
    })
    return z.NEVER
  })
  .meta({ description: 'An address to listen on: ":8080" (every address of the machine) or "127.0.0.1:8080".' })

/** A server of an upstream: an origin, or a Unix socket. */
export const serverField = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const problem = text.startsWith('unix:') ? socketProblem(text.slice(5)) : originProblem(text)
    if (problem) context.addIssue({ code: 'custom', message: problem, input: text })
  })
  .transform(text => (text.startsWith('unix:') ? text : new URL(text).origin))
  .meta({ description: 'A server: http://127.0.0.1:3000, https://api.internal or unix:/run/app.sock.' })

/** The kernel takes no longer path for a socket. */
function socketProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must have an absolute path: write unix:/run/app.sock'
  return path.length > 107 ? 'has a path longer than 107 bytes, which no socket can have' : undefined
}

/** What is wrong with an upstream's origin, if anything. */
export function originProblem(text: string): string | undefined {
  const example = 'write http://127.0.0.1:3000 or https://api.internal'
  const url = URL.parse(text)
  if (!url || url.hostname === '') return `is not a URL: ${example}`
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `must start with http:// or https://: ${example}`
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || /[?#]$/.test(text)) {
    return `must be an origin, without path and query: write ${url.origin}`
  }
  return undefined
}

/** A host as `api.example.com` or `*.example.com`. Compared in lower case. */
export const hostField = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$|^\[[0-9a-fA-F:.]+\]$/,
    'is not a host: write api.example.com or *.example.com, without scheme and port',
  )
  .transform(host => host.toLowerCase())
  .meta({ description: 'Host of the request: api.example.com, or *.example.com for every host below it.' })

/** `/v1/users` is exact, `/v1/*` is a prefix. */
export const pathField = z
  .string()
  .max(2048)
  .regex(/^\/[^*?#\s]*\*?$/, 'is not a path: write /v1/users, or /v1/* for every path below /v1/')
  .refine(path => !path.endsWith('*') || path.endsWith('/*'), { message: 'may have its * only after a slash: /v1/*' })
  .meta({ description: 'Path of the request: /v1/users exactly, or /v1/* for every path below it.' })

export const modeField = z.enum(['protect', 'monitor', 'off']).meta({
  description: 'protect: refuse. monitor: let pass, and record what protect would have done. off: not at all.',
})

/** Names of upstreams and routes: they appear in metrics, events and URLs. */
export const nameField = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'may hold letters, digits, dot, dash and underscore, 63 at the most')
