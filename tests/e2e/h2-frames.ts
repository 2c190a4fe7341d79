// An HTTP/2 client for tests that speaks frames by hand.

import { connect as connectTcp, type Socket } from 'node:net'

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

export interface FrameClientOptions {
  readonly settings?: Uint8Array
  readonly host?: string
  readonly localAddress?: string
}

/** A client that speaks frames. */
export async function openFrameClient(port: number, options: FrameClientOptions = {}) {
  const { settings = frame(4, 0, 0), host = '127.0.0.1', localAddress } = options
  const socket: Socket = connectTcp({ port, host, ...(localAddress !== undefined && { localAddress }) })
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
