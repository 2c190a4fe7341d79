// The PROXY header, versions 1 and 2, by which a load balancer tells for whom it opened a connection. Believed only from
// trusted proxies, but still read as attacker bytes: the answer is a value, and never a throw.

import { formatIp, parseIp } from '../lib/ip.ts'
import type { Ends } from './connection.ts'
import type { Look } from './peek.ts'

/** Undefined: the proxy speaks for itself (a health check), or does not know. */
export type ProxyHeader = Ends | undefined

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const v1Start = Buffer.from('PROXY ', 'latin1')
/** The longest line of version 1, its end included. */
const v1BytesMax = 107
/** Addresses and all extensions of version 2; the longest that proxies send carry a client certificate. */
const v2BytesMax = 4096

export function readProxyHeader(bytes: Buffer): Look<ProxyHeader> {
  const start = bytes[0] === signature[0] ? signature : v1Start
  const seen = Math.min(bytes.length, start.length)
  if (!bytes.subarray(0, seen).equals(start.subarray(0, seen))) return unreadable('no PROXY header')
  if (seen < start.length) return { kind: 'more', wantedBytes: start.length }
  return start === signature ? readV2(bytes) : readV1(bytes)
}

function readV1(bytes: Buffer): Look<ProxyHeader> {
  const end = bytes.subarray(0, v1BytesMax).indexOf('\r\n')
  if (end < 0) {
    return bytes.length >= v1BytesMax
      ? unreadable('a line without end')
      : { kind: 'more', wantedBytes: bytes.length + 1 }
  }
  const usedBytes = end + 2
  const [, family = '', from = '', to = '', fromPort = '', toPort = '', ...more] = bytes
    .toString('latin1', 0, end)
    .split(' ')
  if (family === 'UNKNOWN') return { kind: 'found', value: undefined, usedBytes }
  const [remotePort, localPort] = [port(fromPort), port(toPort)]
  const remote = family === 'TCP4' || family === 'TCP6' ? address(from, family) : undefined
  const local = remote && address(to, family)
  if (!remote || !local || remotePort === undefined || localPort === undefined || more.length > 0) {
    return unreadable('a malformed line')
  }
  const value = { remoteAddress: remote, remotePort, localAddress: local, localPort }
  return { kind: 'found', value, usedBytes }
}

function address(text: string, family: string): string | undefined {
  if (text.includes(':') !== (family === 'TCP6')) return undefined
  return parseIp(text) && text
}

/** No sign, no leading zero. */
function port(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

function readV2(bytes: Buffer): Look<ProxyHeader> {
  if (bytes.length < 16) return { kind: 'more', wantedBytes: 16 }
  const command = bytes.readUInt8(12)
  const family = bytes.readUInt8(13)
  const length = bytes.readUInt16BE(14)
  if (command >> 4 !== 2 || (command & 0x0f) > 1) return unreadable('an unknown version or command')
  if (length > v2BytesMax) return unreadable('a header over its limit')
  const usedBytes = 16 + length
  if (bytes.length < usedBytes) return { kind: 'more', wantedBytes: usedBytes }
  const body = bytes.subarray(16, usedBytes)
  if ((command & 0x0f) === 0) return { kind: 'found', value: undefined, usedBytes } // LOCAL
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : undefined
  if (size === undefined) {
    // Datagrams and unknown families can't be the transport of this connection.
    return family === 0 ? { kind: 'found', value: undefined, usedBytes } : unreadable('no TCP over IP')
  }
  if (body.length < 2 * size + 4) return unreadable('addresses that end too early')
  const value = {
    remoteAddress: formatIp(body.subarray(0, size)),
    localAddress: formatIp(body.subarray(size, 2 * size)),
    remotePort: body.readUInt16BE(2 * size),
    localPort: body.readUInt16BE(2 * size + 2),
  }
  return { kind: 'found', value, usedBytes }
}

function unreadable(detail: string): Look<ProxyHeader> {
  return { kind: 'fault', detail: `PROXY protocol: ${detail}` }
}
