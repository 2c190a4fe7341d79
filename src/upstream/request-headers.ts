// The headers that go to the upstream: what was inspected, without what concerns the client's connection alone
// (RFC 9110 §7.6.1), and with what only we know. What a client says of itself in x-forwarded-* and the like is dropped
// unless a trusted proxy says it. No Via: several servers send uncompressed responses to who sends one.

import type { ByteString } from '../lib/bytes.ts'
import { certificateHeader, writeCertificate } from '../lib/shown-certificate.ts'
import { principalHeader, writePrincipal } from '../lib/told-principal.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { changeHeaders, hasUnderscore } from '../pipeline/header-rules.ts'
import type { HeaderList } from '../pipeline/headers.ts'
import type { OutgoingBody } from '../pipeline/route.ts'

/** Never passed on: hop-by-hop, or written afresh. */
const dropped = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect', // answered by the listener
  'content-length', // written from the body that is sent
  'x-request-id',
  'http2-settings',
])

/** Passed on only when a trusted proxy wrote them: upstreams take from them who asks, and for what. */
const proxyWritten = new Set([
  'forwarded',
  'x-real-ip',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-original-url',
  'x-rewrite-url',
])

/** Whether only we, or a trusted proxy, may say this. */
export function isOurs(name: string): boolean {
  const lower = withDashes(name.toLowerCase())
  if (dropped.has(lower) || proxyWritten.has(lower)) return true
  return lower.startsWith('proxy') || lower.startsWith('merlon-') || lower.startsWith('x-forwarded-')
}

/** Names that a client may list in Connection but that are not its own to take away. */
const kept = new Set(['host', 'content-type', 'content-encoding', 'cookie', 'authorization'])

/** Flat. `host` is as received. Services of our own are told who the client is: its address and its certificate. */
export function requestHeaders(ex: Exchange, body: OutgoingBody, toOwnService = false): string[] {
  const { headers, client } = ex
  const trusted = client.peerTrusted === true
  const listed = connectionOptions(headers)
  const isFiltered = ex.route.filters !== undefined && ex.route.filters.length > 0
  const identity = isFiltered || ex.route.phases.onResponseBody.length > 0
  const dropsUnderscores = ex.route.headers.underscores === 'drop'
  const out: string[] = []
  for (let i = 0; i < headers.count; i++) {
    const name = withDashes(headers.nameAt(i))
    if (dropped.has(name) || name.startsWith('proxy') || name.startsWith('merlon-')) continue
    if (ex.withheldHeaders.includes(name)) continue
    if (dropsUnderscores && hasUnderscore(headers.nameAt(i))) continue
    if (proxyWritten.has(name) || name.startsWith('x-forwarded-')) {
      if (!trusted || name === 'forwarded' || name === 'x-forwarded-for') continue
    }
    if (listed?.includes(headers.nameAt(i)) && !kept.has(name)) continue
    if (identity && name === 'accept-encoding') continue
    // A secret that comes in two parts is in neither.
    if (isFiltered && (name === 'range' || name === 'if-range')) continue
    out.push(headers.raw[i * 2] ?? '', headers.valueAt(i))
  }
  // Guards read response bodies, and they read no compression.
  if (identity) out.push('accept-encoding', 'identity')
  const length = contentLength(headers, body)
  if (length !== undefined) out.push('content-length', length)
  addForwarded(out, ex, trusted)
  out.push('x-request-id', ex.reference)
  if (ex.verdictToken !== undefined) out.push('merlon-verdict', ex.verdictToken)
  const changed = [...changeHeaders(out, ex.route.headers.request)]
  if (toOwnService) {
    addClient(changed, client)
    if (ex.principal) changed.push(principalHeader, writePrincipal(ex.principal))
  }
  return changed
}

function addClient(out: string[], { ip, tls }: Exchange['client']): void {
  out.push('merlon-client-ip', ip)
  const certificate = tls?.certificate
  if (!certificate) return
  const der = Buffer.from(certificate.der).toString('base64')
  out.push(certificateHeader, writeCertificate({ ...certificate, der }))
}

/** CGI and what came of it (WSGI, PHP) read `x_forwarded_for` as `x-forwarded-for`. */
function withDashes(name: ByteString): ByteString {
  return name.includes('_') ? name.replaceAll('_', '-') : name
}

function contentLength(headers: HeaderList, body: OutgoingBody): string | undefined {
  if (body instanceof Uint8Array) return String(body.length)
  return headers.get('transfer-encoding') === undefined ? headers.get('content-length') : undefined
}

function addForwarded(out: string[], ex: Exchange, trusted: boolean): void {
  const { headers, client } = ex
  const proto = client.secure ? 'https' : 'http'
  const host = headers.get('host') ?? ''
  const before = trusted ? headers.getAll('x-forwarded-for') : []
  out.push('x-forwarded-for', [...before, client.peerIp].join(', '))
  if (!trusted || headers.get('x-forwarded-proto') === undefined) out.push('x-forwarded-proto', proto)
  if (host !== '' && (!trusted || headers.get('x-forwarded-host') === undefined)) out.push('x-forwarded-host', host)
  if (!trusted || headers.get('x-forwarded-port') === undefined) {
    out.push('x-forwarded-port', portOf(host) ?? String(client.secure ? 443 : ex.request.localPort))
  }
  const elements = trusted ? headers.getAll('forwarded') : []
  out.push('forwarded', [...elements, forwardedElement(client.peerIp, host, proto)].join(', '))
}

/** RFC 7239 §4: what is no token is quoted, an IPv6 address stands in brackets. */
function forwardedElement(peerIp: string, host: ByteString, proto: string): string {
  const node = peerIp.includes(':') ? `"[${peerIp}]"` : peerIp
  const at = host === '' ? '' : `;host=${/^[\w.-]+$/.test(host) ? host : `"${host.replace(/["\\]/g, '')}"`}`
  return `for=${node}${at};proto=${proto}`
}

function portOf(host: ByteString): string | undefined {
  return /:(\d{1,5})$/.exec(host)?.[1]
}

/** Header names listed in Connection, lower case; undefined when there are none but the usual. */
export function connectionOptions(headers: HeaderList): string[] | undefined {
  let options: string[] | undefined
  for (const value of headers.getAll('connection')) {
    for (const part of value.split(',')) {
      const option = part.trim().toLowerCase()
      if (option === '' || option === 'keep-alive' || option === 'close' || option === 'upgrade') continue
      options ??= []
      options.push(option)
    }
  }
  return options
}
