// From an HTTP/2 header block to the request that guards and upstreams know: pseudo-headers become method, target and
// Host (RFC 9113 §8.3.1), cookies that were cut to pieces become one again (§8.2.3), and a WebSocket handshake by
// extended CONNECT (RFC 8441) looks like one by upgrade. nghttp2 has refused what is malformed in itself: capitals,
// connection headers, pseudo-headers that are missing, unknown, doubled or late.

import { randomBytes } from 'node:crypto'
import type { ByteString } from '../../lib/bytes.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import type { RequestHead } from '../open-exchange.ts'

export interface Http2Head extends RequestHead {
  readonly isWebSocket: boolean
  /** Names of pseudo-headers, in order. */
  readonly pseudo: readonly string[]
}

/** @param raw Flat, in the order of the wire. */
export function readHttp2Head(raw: readonly ByteString[], isSecure: boolean): Http2Head {
  const pseudo = new Map<string, ByteString>()
  const hosts: ByteString[] = []
  const cookies: ByteString[] = []
  const rest: ByteString[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (name.charCodeAt(0) === 0x3a) pseudo.set(name, value)
    else if (name === 'host') hosts.push(value)
    else if (name === 'cookie') cookies.push(value)
    else rest.push(name, value)
  }
  if (cookies.length > 0) rest.push('cookie', cookies.join('; '))
  const method = pseudo.get(':method') ?? ''
  const protocol = pseudo.get(':protocol')
  const authority = pseudo.get(':authority')
  const isWebSocket = method === 'CONNECT' && protocol === 'websocket'
  const named = authority === undefined ? hosts : [authority]
  const headers = [...named.flatMap(host => ['host', host]), ...(isWebSocket ? asUpgrade(rest) : rest)]
  return {
    method: isWebSocket ? 'GET' : method,
    target: pseudo.get(':path') ?? authority ?? '',
    protocol: 'HTTP/2.0',
    rawHeaders: headers,
    verdict: faultOf(pseudo, hosts, isSecure) ?? refusalOf(method, protocol),
    isWebSocket,
    pseudo: [...pseudo.keys()],
  }
}

function faultOf(
  pseudo: ReadonlyMap<string, ByteString>,
  hosts: readonly ByteString[],
  isSecure: boolean,
): Verdict | undefined {
  const authority = pseudo.get(':authority')
  if (authority === undefined && hosts.length === 0) return deny(400, 'http.host', 'neither :authority nor Host')
  if (authority !== undefined && hosts.some(host => host.toLowerCase() !== authority.toLowerCase())) {
    return deny(400, 'http.host', 'Host is not what :authority says')
  }
  const scheme = pseudo.get(':scheme')
  if (scheme === undefined || scheme === 'https' || (scheme === 'http' && !isSecure)) return undefined
  return deny(400, 'http.scheme', 'a :scheme other than that of the connection')
}

function refusalOf(method: ByteString, protocol: ByteString | undefined): Verdict | undefined {
  if (method !== 'CONNECT' || protocol === 'websocket') return undefined
  if (protocol === undefined) return deny(405, 'http.connect', 'a request to open a tunnel to another server')
  return deny(501, 'http.connect', 'an extended CONNECT for something else than websocket')
}

/** The key is ours: HTTP/2 has none, and the upstream wants one. */
function asUpgrade(headers: readonly ByteString[]): ByteString[] {
  const lines = ['connection', 'Upgrade', 'upgrade', 'websocket']
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'sec-websocket-key') lines.push(headers[i] ?? '', headers[i + 1] ?? '')
  }
  return [...lines, 'sec-websocket-key', randomBytes(16).toString('base64')]
}

function deny(status: number, code: `http.${string}`, detail: string): Verdict {
  return { kind: 'deny', status, reason: { code, detail } }
}
