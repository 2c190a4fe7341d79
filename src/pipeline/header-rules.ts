// What a route does to headers on their way: of the request to the upstream, of the response to the client. Compiled
// once from the config; framing and the headers that the gateway writes itself are out of reach.

import type { ByteString } from '../lib/bytes.ts'
import type { HeaderList } from './headers.ts'
import type { Verdict } from './verdict.ts'

export interface HeadersConfig {
  readonly request: {
    readonly set: Readonly<Record<string, string>>
    readonly remove: readonly string[]
    readonly underscores: 'pass' | 'drop' | 'refuse'
  }
  readonly response: {
    readonly set: Readonly<Record<string, string>>
    readonly add: Readonly<Record<string, string>>
    readonly remove: readonly string[]
    readonly security: 'off' | 'api' | 'site'
  }
}

export interface HeaderRules {
  readonly underscores: 'pass' | 'drop' | 'refuse'
  readonly request: Change
  readonly response: Change
}

/** Names are lower case, lists of headers flat. */
interface Change {
  readonly isEmpty: boolean
  /** Taken away: what is removed and what is set. */
  readonly gone: ReadonlySet<string>
  readonly put: readonly string[]
  /** Put where there is none of that name. */
  readonly defaults: readonly string[]
}

/** No rule may write these: they frame messages, or say what only the gateway knows. */
export const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'merlon-verdict',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
])

const presets: Readonly<Record<'off' | 'api' | 'site', readonly string[]>> = {
  off: [],
  api: [
    'x-content-type-options',
    'nosniff',
    'content-security-policy',
    "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy',
    'no-referrer',
    'cross-origin-resource-policy',
    'same-origin',
    'cache-control',
    'no-store',
  ],
  site: [
    'x-content-type-options',
    'nosniff',
    'x-frame-options',
    'SAMEORIGIN',
    'content-security-policy',
    "frame-ancestors 'self'; base-uri 'self'; object-src 'none'",
    'referrer-policy',
    'strict-origin-when-cross-origin',
    'cross-origin-opener-policy',
    'same-origin',
    'permissions-policy',
    'camera=(), geolocation=(), microphone=()',
  ],
}

/** What tells an attacker which software to look up. */
const telling = ['server', 'x-powered-by', 'x-aspnet-version', 'x-aspnetmvc-version', 'x-generator']

export const noHeaderRules: HeaderRules = compileHeaderRules({
  request: { set: {}, remove: [], underscores: 'pass' },
  response: { set: {}, add: {}, remove: [], security: 'off' },
})

export function compileHeaderRules({ request, response }: HeadersConfig): HeaderRules {
  const hidden = response.security === 'off' ? [] : telling
  return {
    underscores: request.underscores,
    request: change(request.set, {}, request.remove, []),
    response: change(response.set, response.add, [...response.remove, ...hidden], presets[response.security]),
  }
}

function change(
  set: Readonly<Record<string, string>>,
  add: Readonly<Record<string, string>>,
  remove: readonly string[],
  defaults: readonly string[],
): Change {
  const gone = new Set([...Object.keys(set), ...remove].map(name => name.toLowerCase()))
  const put = [...Object.entries(set), ...Object.entries(add)].flat()
  return { isEmpty: gone.size + put.length + defaults.length === 0, gone, put, defaults }
}

/** @param headers Flat. */
export function changeHeaders(headers: readonly string[], { isEmpty, gone, put, defaults }: Change): readonly string[] {
  if (isEmpty) return headers
  const out: string[] = []
  const names = new Set<string>()
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    if (gone.has(name)) continue
    names.add(name)
    out.push(headers[i] ?? '', headers[i + 1] ?? '')
  }
  for (let i = 0; i < put.length; i += 2) names.add((put[i] ?? '').toLowerCase())
  out.push(...put)
  for (let i = 0; i < defaults.length; i += 2) {
    if (!names.has(defaults[i] ?? '')) out.push(defaults[i] ?? '', defaults[i + 1] ?? '')
  }
  return out
}

/** Refuses names that servers read as others, where the route wants that. */
export function checkUnderscores(headers: HeaderList, { underscores }: HeaderRules): Verdict | undefined {
  if (underscores !== 'refuse') return undefined
  for (let i = 0; i < headers.count; i++) {
    if (hasUnderscore(headers.nameAt(i))) {
      const detail = 'a header name with an underscore'
      return { kind: 'deny', status: 400, reason: { code: 'http.header-underscore', detail } }
    }
  }
  return undefined
}

export function hasUnderscore(name: ByteString): boolean {
  return name.includes('_')
}
