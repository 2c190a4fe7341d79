// What HTTP/2 attackers do on one connection, in raw frames, and by which limit of the gateway it is to be ended. An attack
// goes on until the gateway ends it: `send` is called again and again, with a pause of `everyMs` between two calls.

import { frame, getHead, hpack, type openFrameClient } from '../../e2e/h2-frames.ts'

export type FrameClient = Awaited<ReturnType<typeof openFrameClient>>

/** How it is seen that the gateway has ended it: the connection is closed, or streams are reset. */
export type Cut = 'connection' | 'streams'

export interface Attack {
  readonly name: string
  /** The limit that ends it. */
  readonly limit: string
  readonly cut: Cut
  /** Connections at once. */
  readonly lanes: number
  readonly everyMs: number
  readonly settings?: Buffer
  /** @param turn Counts the calls on one connection. */
  send(client: FrameClient, turn: number): void
}

const endHeaders = 4
const endStream = 1
const noWindow = frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))
const cancel = Buffer.from([0, 0, 0, 8])

function repeat(count: number, make: (i: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => make(i)))
}

function ask(stream: number, path = '/'): Buffer {
  return frame(1, endHeaders | endStream, stream, getHead(path))
}

function post(stream: number): Buffer {
  const head = hpack(
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a.example'],
    ['content-type', 'text/plain'],
  )
  return frame(1, endHeaders, stream, head)
}

const pings = repeat(500, () => frame(6, 0, 0, '12345678'))
const settings = repeat(500, () => frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100])))
const priorities = repeat(500, i => frame(2, 0, 2 * i + 1, Buffer.from([0, 0, 0, 0, 9])))
const unknown = repeat(500, () => frame(0x77, 0, 0, 'what'))
const updates = repeat(500, () => frame(8, 0, 0, Buffer.from([0, 0, 0, 1])))
const empty = repeat(200, () => frame(0, 0, 1))
const continuations = repeat(20, i => frame(9, 0, 1, hpack([`x-${i}`, 'v'.repeat(100)])))
/** One entry of the table, 4 KB, named twelve thousand times with a byte each. */
const bomb = Buffer.concat([
  getHead(),
  Buffer.from([0x40]),
  hpack(['x-bomb', 'b'.repeat(3900)]).subarray(1),
  Buffer.alloc(12_000, 0x80 | 62),
])
const manyLines = hpack(...Array.from({ length: 90 }, (_, i) => [`x-${i}`, 'v'.repeat(300)] as const))

export const attacks: readonly Attack[] = [
  {
    name: 'rapid reset',
    limit: 'http2Resets',
    cut: 'connection',
    lanes: 8,
    everyMs: 10,
    send: (client, turn) =>
      client.send(
        repeat(50, i => {
          const stream = 100 * turn + 2 * i + 1
          return Buffer.concat([ask(stream), frame(3, 0, stream, cancel)])
        }),
      ),
  },
  {
    name: 'made-you-reset',
    limit: 'http2Resets',
    cut: 'connection',
    lanes: 8,
    everyMs: 10,
    send: (client, turn) =>
      client.send(
        repeat(50, i => {
          const stream = 100 * turn + 2 * i + 1
          return Buffer.concat([ask(stream), frame(8, 0, stream, Buffer.alloc(4))])
        }),
      ),
  },
  {
    name: 'too many streams',
    limit: 'http2Streams',
    cut: 'connection',
    lanes: 8,
    everyMs: 10,
    settings: noWindow,
    send: (client, turn) => client.send(repeat(150, i => ask(300 * turn + 2 * i + 1, '/large'))),
  },
  {
    name: 'CONTINUATION flood',
    limit: 'http2Continuations',
    cut: 'connection',
    lanes: 8,
    everyMs: 10,
    send: (client, turn) => client.send(turn === 0 ? frame(1, endStream, 1, getHead()) : continuations),
  },
  {
    name: 'slow head',
    limit: 'headerTimeout',
    cut: 'connection',
    lanes: 100,
    everyMs: 500,
    send: (client, turn) =>
      client.send(turn === 0 ? frame(1, endStream, 1, getHead()) : frame(9, 0, 1, hpack([`x-${turn}`, 'v']))),
  },
  {
    name: 'header flood',
    limit: 'http2BadHeads',
    cut: 'connection',
    lanes: 8,
    everyMs: 20,
    send: (client, turn) =>
      client.send(
        frame(1, endStream, 2 * turn + 1, Buffer.concat([getHead(), manyLines.subarray(0, 15_000)])),
        frame(9, 0, 2 * turn + 1, manyLines.subarray(15_000)),
        frame(9, endHeaders, 2 * turn + 1, hpack(['x-last', 'v'.repeat(10_000)])),
      ),
  },
  {
    name: 'HPACK bomb',
    limit: 'headerBytes',
    cut: 'streams',
    lanes: 8,
    everyMs: 20,
    send: (client, turn) => client.send(frame(1, endHeaders | endStream, 2 * turn + 1, bomb)),
  },
  flood('PING flood', 'http2ControlFrames', pings),
  flood('SETTINGS flood', 'http2ControlFrames', settings),
  flood('PRIORITY flood', 'http2ControlFrames', priorities),
  flood('unknown frames', 'http2ControlFrames', unknown),
  flood('WINDOW_UPDATE flood', 'http2WindowUpdates', updates),
  {
    name: 'empty DATA frames',
    limit: 'http2EmptyFrames',
    cut: 'connection',
    lanes: 8,
    everyMs: 10,
    send: (client, turn) => client.send(turn === 0 ? post(1) : empty),
  },
  {
    name: 'window of zero',
    limit: 'responseIdleTimeout',
    cut: 'streams',
    lanes: 20,
    everyMs: 1000,
    settings: noWindow,
    send: (client, turn) => {
      if (turn === 0) client.send(repeat(20, i => ask(2 * i + 1, '/large')))
    },
  },
  {
    name: 'slow read',
    limit: 'responseMinRate',
    cut: 'streams',
    lanes: 20,
    everyMs: 200,
    settings: noWindow,
    send: (client, turn) =>
      client.send(
        turn === 0
          ? repeat(20, i => ask(2 * i + 1, '/large'))
          : repeat(20, i => frame(8, 0, 2 * i + 1, Buffer.from([0, 0, 0, 16]))),
      ),
  },
  {
    name: 'slow body',
    limit: 'bodyMinRate',
    cut: 'streams',
    lanes: 20,
    everyMs: 200,
    send: (client, turn) =>
      client.send(turn === 0 ? repeat(20, i => post(2 * i + 1)) : repeat(20, i => frame(0, 0, 2 * i + 1, 'b'))),
  },
  {
    name: 'silence',
    limit: 'keepAliveTimeout',
    cut: 'connection',
    lanes: 200,
    everyMs: 1000,
    send: () => {},
  },
  {
    name: 'connections',
    limit: 'connectionsPerIp',
    cut: 'connection',
    lanes: 400,
    everyMs: 100,
    send: (client, turn) => {
      if (turn === 0) client.send(ask(1))
    },
  },
]

function flood(name: string, limit: string, frames: Buffer): Attack {
  return { name, limit, cut: 'connection', lanes: 8, everyMs: 10, send: client => client.send(frames) }
}
