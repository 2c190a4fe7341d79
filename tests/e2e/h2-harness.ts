// HTTP/2 clients for tests: one of node:http2 that collects whole answers, and one that speaks frames by hand.

import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
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

export function frame(type: number, flags: number, stream: number, payload: Uint8Array | string = ''): Buffer {
  const bytes = Buffer.from(payload)
  const head = Buffer.alloc(9)
  head.writeUIntBE(bytes.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, bytes])
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** Header lines for HPACK, literal and never indexed (RFC 7541 §6.2.3), so that nothing is hidden in a table. */
export function hpack(...lines: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value, 'latin1')
    return Buffer.concat([hpackInteger(bytes.length, 7, 0), bytes])
  }
  return Buffer.concat(lines.flatMap(([name, value]) => [Buffer.from([0x10]), text(name), text(value)]))
}

function hpackInteger(value: number, bits: number, first: number): Buffer {
  const max = 2 ** bits - 1
  if (value < max) return Buffer.from([first | value])
  const bytes = [first | max]
  let rest = value - max
  while (rest >= 128) {
    bytes.push((rest & 127) | 128)
    rest >>= 7
  }
  return Buffer.from([...bytes, rest])
}

export const getHead = (path = '/', ...more: readonly (readonly [string, string])[]) =>
  hpack([':method', 'GET'], [':scheme', 'http'], [':path', path], [':authority', 'a.example'], ...more)

export interface SeenFrame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** A client that speaks frames. */
export async function openFrameClient(port: number, { settings = frame(4, 0, 0), host = '127.0.0.1' } = {}) {
  const socket: Socket = connectTcp({ port, host })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const frames: SeenFrame[] = []
  let closed = false
  let held = Buffer.alloc(0)
  socket.on('data', chunk => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 9 && held.length >= 9 + held.readUIntBE(0, 3)) {
      const length = held.readUIntBE(0, 3)
      frames.push({
        type: held[3] ?? 0,
        flags: held[4] ?? 0,
        stream: held.readUInt32BE(5),
        payload: Buffer.from(held.subarray(9, 9 + length)),
      })
      held = held.subarray(9 + length)
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  socket.write(preface)
  socket.write(settings)
  return {
    socket,
    frames,
    get closed() {
      return closed
    },
    send: (...parts: readonly Uint8Array[]) => socket.write(Buffer.concat(parts)),
    /** Error codes of GOAWAY frames so far. */
    goaways: () => frames.filter(({ type }) => type === 7).map(({ payload }) => payload.readUInt32BE(4)),
    /** Error code of RST_STREAM for a stream. */
    resetOf: (stream: number) => {
      const reset = frames.find(seen => seen.type === 3 && seen.stream === stream)
      return reset?.payload.readUInt32BE(0)
    },
    [Symbol.dispose]() {
      socket.destroy()
    },
  }
}
