// An HTTP/2 gateway for tests, and a client of node:http2 that collects whole answers.

import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { plainSettings } from '../../src/listen/settings.ts'
import { type GatewayOptions, openGateway } from './proxy-harness.ts'

/** A gateway that takes HTTP/2 in the clear. */
export function openHttp2Gateway(options: GatewayOptions) {
  return openGateway({ ...options, settings: { ...plainSettings, http2: true } })
}

export interface Http2Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly trailers: IncomingHttpHeaders
  readonly informational: readonly IncomingHttpHeaders[]
  /** 0 when the stream ended well. */
  readonly code: number
  /** The head ended the stream. */
  readonly endedByHead: boolean
}

export async function openHttp2Client(url: string, options: object = {}) {
  const session: ClientHttp2Session = connect(url, options)
  session.on('error', () => {})
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject))
  const ask = (headers: OutgoingHttpHeaders, body?: string | Uint8Array): Promise<Http2Answer> => {
    const stream = session.request(headers, { endStream: body === undefined })
    stream.on('error', () => {})
    if (body !== undefined) stream.end(body)
    const informational: IncomingHttpHeaders[] = []
    let head: IncomingHttpHeaders = {}
    let trailers: IncomingHttpHeaders = {}
    let text = ''
    let endedByHead = false
    stream.on('headers', interim => informational.push(interim))
    stream.on('response', (response, flags) => {
      head = response
      endedByHead = (flags & 1) !== 0
    })
    stream.on('trailers', received => {
      trailers = received
    })
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    return new Promise(resolve => {
      stream.once('close', () => {
        const status = Number(head[':status'] ?? 0)
        resolve({ status, headers: head, body: text, trailers, informational, code: stream.rstCode ?? 0, endedByHead })
      })
    })
  }
  return {
    session,
    ask,
    get: (path: string, headers: OutgoingHttpHeaders = {}) => ask({ ':path': path, ...headers }),
    [Symbol.dispose]() {
      session.destroy()
    },
  }
}
