// Says in our words what undici and the sockets say in theirs.

import { GatewayError } from '../lib/errors.ts'

/** @param started The request had been given to a connection, so the upstream may have seen it. */
export function upstreamError(error: Error, server: string, started: boolean): Error {
  if (error instanceof GatewayError) return error
  const code = 'code' in error ? String(error.code) : ''
  const detail = `${server}: ${error.message}${code && !error.message.includes(code) ? ` (${code})` : ''}`
  const options = { cause: error } as const
  if (timeouts.has(code))
    return new GatewayError('UPSTREAM_TIMEOUT', 'upstream', detail, { ...options, retry: started ? 'no' : 'yes' })
  if (closing.has(code)) return new GatewayError('UPSTREAM_UNAVAILABLE', 'gateway', detail, options)
  if (!started && code !== 'UND_ERR_INVALID_ARG' && isSystemError(error)) {
    return new GatewayError('UPSTREAM_REFUSED', 'upstream', detail, { ...options, retry: 'yes' })
  }
  if (error.name === 'HTTPParserError' || protocol.has(code) || error.message.startsWith('bad ')) {
    return new GatewayError('UPSTREAM_PROTOCOL', 'upstream', detail, options)
  }
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_INFO' || isSystemError(error)) {
    return new GatewayError('UPSTREAM_RESET', 'upstream', detail, { ...options, retry: 'yes' })
  }
  return error // a bug, or what the request body's own reader threw
}

const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])
const closing = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED'])
const protocol = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
])

/** Of sockets, name look-up or TLS: all carry a code in capitals. */
function isSystemError(error: Error): boolean {
  return ('code' in error && /^[A-Z][A-Z0-9_]+$/.test(String(error.code))) || error instanceof AggregateError
}
