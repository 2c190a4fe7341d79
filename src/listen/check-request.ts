// What makes a request no request: limits, framing, and a target or Host that two readers could understand in two ways.

import type { ByteString } from '../lib/bytes.ts'
import type { LimitName, Limits } from '../pipeline/limits.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { checkFraming, hostName } from './framing.ts'

export interface CheckedRequest {
  /** In origin-form, whatever form it came in. */
  readonly target: ByteString
  /** As hostName has it; empty when there is none. */
  readonly host: ByteString
  readonly verdict: Verdict | undefined
}

export function checkRequest(
  method: ByteString,
  target: ByteString,
  protocol: string,
  rawHeaders: readonly ByteString[],
  limits: Limits,
): CheckedRequest {
  const host = hostName(rawHost(rawHeaders))
  const limited = checkLimits(method, target, rawHeaders, limits)
  if (limited) return { target, host, verdict: limited }
  const fault = checkFraming(method, target, protocol, rawHeaders)
  if (fault) return { target, host, verdict: deny(fault.status, fault.code, fault.detail) }
  // RFC 9110 §9.3.7 asks the server itself, and there is none behind us that it could mean.
  if (target === '*') return { target, host, verdict: deny(400, 'http.target', 'OPTIONS * is not served') }
  return { target: originForm(target), host, verdict: undefined }
}

function checkLimits(
  method: ByteString,
  target: ByteString,
  rawHeaders: readonly ByteString[],
  limits: Limits,
): Verdict | undefined {
  if (target.length > limits.urlBytes)
    return deny(414, 'http.url-bytes', `the target has ${target.length} bytes`, 'urlBytes')
  const count = rawHeaders.length >> 1
  if (count > limits.headerCount) return deny(431, 'http.header-count', `${count} header lines`, 'headerCount')
  let bytes = method.length + target.length + requestLineRest
  for (let i = 0; i < rawHeaders.length; i++) bytes += (rawHeaders[i]?.length ?? 0) + 2
  if (bytes <= limits.headerBytes) return undefined
  return deny(431, 'http.header-bytes', `${bytes} bytes of request line and headers`, 'headerBytes')
}

/** Two spaces, `HTTP/1.1`, and the ends of the line and of the head. */
const requestLineRest = 2 + 8 + 2 + 2

/** RFC 9112 §3.2.2: an absolute-form target loses its scheme and authority, which are the Host header's already. */
function originForm(target: ByteString): ByteString {
  if (target.startsWith('/')) return target
  const rest = target.slice(target.indexOf('://') + 3)
  const end = rest.search(/[/?]/)
  if (end < 0) return '/'
  return rest[end] === '/' ? rest.slice(end) : `/${rest.slice(end)}`
}

function rawHost(rawHeaders: readonly ByteString[]): ByteString {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') return rawHeaders[i + 1] ?? ''
  }
  return ''
}

function deny(status: number, code: `http.${string}`, detail: string, limit?: LimitName): Verdict {
  return { kind: 'deny', status, reason: { code, detail, ...(limit && { limit }) } }
}
