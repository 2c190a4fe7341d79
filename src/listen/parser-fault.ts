// What it means when Node's parser gives up on a connection: a verdict that the client is told, or nothing, when the
// connection broke by itself.

import type { LimitName, Limits } from '../pipeline/limits.ts'
import type { Verdict } from '../pipeline/verdict.ts'

export interface ParserError extends Error {
  readonly code?: string
  /** llhttp's own words. */
  readonly reason?: string
  /** What was read last. */
  readonly rawPacket?: Buffer
}

export interface ParserFault {
  readonly verdict: Extract<Verdict, { kind: 'deny' }>
  /** For the client. */
  readonly detail: string
}

export function parserFault(error: ParserError, limits: Limits): ParserFault | undefined {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return isLongTarget(error.rawPacket, limits)
        ? fault(
            414,
            'http.url-bytes',
            'the target is longer than all headers may be',
            'The URL is too long.',
            'urlBytes',
          )
        : fault(
            431,
            'http.header-bytes',
            'the head is larger than its limit',
            'The request headers are too large.',
            'headerBytes',
          )
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return fault(413, 'http.chunk-extensions', 'chunk extensions of more than 16 KiB', 'The request is too large.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return fault(
        408,
        'http.header-timeout',
        'the head came too slowly',
        'The request headers came too slowly.',
        'headerTimeout',
      )
    default:
      if (!error.code?.startsWith('HPE_')) return undefined
      return fault(400, 'http.malformed', error.reason ?? error.code, 'The request is malformed.')
  }
}

/** Whether it was the request line that was too long, as far as one can tell. */
function isLongTarget(packet: Buffer | undefined, limits: Limits): boolean {
  const line = packet?.subarray(0, limits.urlBytes)
  return line !== undefined && /^[A-Z]{3,20} [/h]/.test(line.toString('latin1', 0, 24)) && !line.includes(0x0a)
}

function fault(status: number, code: `http.${string}`, reason: string, detail: string, limit?: LimitName): ParserFault {
  return { verdict: { kind: 'deny', status, reason: { code, detail: reason, ...(limit && { limit }) } }, detail }
}
