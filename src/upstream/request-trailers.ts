// Trailers of a request, for upstreams that can be sent some: over HTTP/2. What is no trailer, or what only we may say, is
// left out; the rest is text that no guard of requests has seen, so it is judged as a message, and goes on where that is
// done. HTTP/1.1 upstreams get none: a server that puts trailers among headers would see another request than we did.

import type { Exchange } from '../pipeline/exchange.ts'
import { StreamDenied } from '../pipeline/multipart-clip.ts'
import { judgeTexts } from '../pipeline/websocket/message-exchange.ts'
import { isOurs } from './request-headers.ts'
import { endToEndTrailers } from './response-headers.ts'

/**
 * Flat. Asked for when the body has been sent.
 * @throws StreamDenied when a guard refused them; `ex.verdict` says why
 */
export function requestTrailers(ex: Exchange): readonly string[] {
  const received = ex.requestTrailers?.() ?? []
  if (received.length === 0 || ex.route.messages === undefined) return []
  const { headerBytes, headerCount } = ex.route.limits
  const trailers: string[] = []
  const lines = endToEndTrailers(received)
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] ?? ''
    if (!isOurs(name)) trailers.push(name, lines[i + 1] ?? '')
  }
  const bytes = trailers.reduce((sum, text) => sum + text.length, 0)
  const limit = trailers.length > 2 * headerCount ? 'headerCount' : bytes > headerBytes ? 'headerBytes' : undefined
  const verdict = limit
    ? ({ kind: 'deny', status: 431, reason: { code: 'http.trailers', detail: 'too many trailers', limit } } as const)
    : judgeTexts(
        ex,
        trailers.map(text => Buffer.from(text, 'latin1')),
      )
  if (!verdict) return trailers
  ex.verdict = verdict
  throw new StreamDenied('the trailers were denied')
}
