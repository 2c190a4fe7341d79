// WebSocket frames by hand, and the table of what clients send: right and wrong by RFC 6455.

export interface FrameOptions {
  readonly fin?: boolean
  readonly rsv?: number
  readonly masked?: boolean
  /** How the length is written: 7, 16 or 64 bits; the shortest unless given. */
  readonly lengthBits?: 7 | 16 | 64
  /** Announces another length than the payload has. */
  readonly length?: number
  readonly mask?: readonly [number, number, number, number]
}

export function wsFrame(opcode: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, mask = [0x11, 0x22, 0x33, 0x44] } = options
  const plain = Buffer.from(payload)
  const length = options.length ?? plain.length
  const bits = options.lengthBits ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64)
  const size = Buffer.alloc(bits === 7 ? 1 : bits === 16 ? 3 : 9)
  size[0] = bits === 7 ? length : bits === 16 ? 126 : 127
  if (bits === 16) size.writeUInt16BE(length, 1)
  if (bits === 64) size.writeBigUInt64BE(BigInt(length), 1)
  if (masked) size[0] |= 0x80
  const first = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode])
  const body = masked ? Buffer.from(plain.map((byte, i) => byte ^ (mask[i & 3] ?? 0))) : plain
  return Buffer.concat([first, size, ...(masked ? [Buffer.from(mask)] : []), body])
}

const text = (payload: string | Uint8Array, options?: FrameOptions) => wsFrame(1, payload, options)
const more = (payload: string | Uint8Array, fin: boolean) => wsFrame(0, payload, { fin })

function closePayload(code: number, reason: string | Uint8Array = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])
}

export interface WsCase {
  readonly name: string
  readonly send: readonly Buffer[]
  /** Messages that reach the back end, binary ones as `0x…`. */
  readonly messages: readonly string[]
  /** Close code that the client gets; undefined: the WebSocket stays open. */
  readonly close?: number
}

const euro = Buffer.from('€')
const emoji = Buffer.from('😀')
const good = (name: string, send: readonly Buffer[], ...messages: string[]): WsCase => ({ name, send, messages })
const bad = (name: string, close: number, ...send: readonly Buffer[]): WsCase => ({ name, send, messages: [], close })
const closes = (code: number): WsCase => ({
  name: `close code ${code}`,
  send: [wsFrame(8, closePayload(code))],
  messages: [],
  close: code,
})

export const wsCases: readonly WsCase[] = [
  good('a short text', [text('hello')], 'hello'),
  good('an empty text', [text('')], ''),
  good('125 bytes', [text('a'.repeat(125))], 'a'.repeat(125)),
  good('126 bytes', [text('a'.repeat(126))], 'a'.repeat(126)),
  good('65535 bytes', [text('a'.repeat(65_535))], 'a'.repeat(65_535)),
  good('65536 bytes', [text('a'.repeat(65_536))], 'a'.repeat(65_536)),
  good('binary', [wsFrame(2, Buffer.from([0, 1, 255]))], '0x0001ff'),
  good('an empty binary', [wsFrame(2)], '0x'),
  good('binary that is no UTF-8', [wsFrame(2, Buffer.from([0xc3, 0x28]))], '0xc328'),
  good('a mask of zeros', [text('plain', { mask: [0, 0, 0, 0] })], 'plain'),
  good('two pieces', [text('he', { fin: false }), more('llo', true)], 'hello'),
  good('an empty first piece', [text('', { fin: false }), more('x', true)], 'x'),
  good('an empty last piece', [text('x', { fin: false }), more('', true)], 'x'),
  good('only empty pieces', [text('', { fin: false }), more('', false), more('', true)], ''),
  good(
    'many pieces',
    [text('', { fin: false }), ...Array.from({ length: 50 }, () => more('a', false)), more('', true)],
    'a'.repeat(50),
  ),
  good('binary in pieces', [wsFrame(2, Buffer.from([1]), { fin: false }), more(Buffer.from([2]), true)], '0x0102'),
  good('UTF-8 of two to four bytes', [text('é€😀')], 'é€😀'),
  good('a character cut over pieces', [text(euro.subarray(0, 1), { fin: false }), more(euro.subarray(1), true)], '€'),
  good(
    'an emoji in four pieces',
    [
      text(emoji.subarray(0, 1), { fin: false }),
      more(emoji.subarray(1, 2), false),
      more(emoji.subarray(2, 3), false),
      more(emoji.subarray(3), true),
    ],
    '😀',
  ),
  good('a NUL in a text', [text('a\0b')], 'a\0b'),
  good('the last code point', [text(Buffer.from([0xf4, 0x8f, 0xbf, 0xbf]))], '\u{10ffff}'),
  good('two messages in one packet', [Buffer.concat([text('a'), text('b')])], 'a', 'b'),
  good('text and binary by turns', [text('a'), wsFrame(2, 'b'), text('c')], 'a', '0x62', 'c'),
  good('a ping', [wsFrame(9, 'ping'), text('x')], 'x'),
  good('a ping of 125 bytes', [wsFrame(9, 'p'.repeat(125)), text('x')], 'x'),
  good('an unasked pong', [wsFrame(10, 'pong'), text('x')], 'x'),
  good('a ping between pieces', [text('a', { fin: false }), wsFrame(9, 'p'), more('b', true)], 'ab'),
  { name: 'close', send: [wsFrame(8)], messages: [], close: 1005 },
  {
    name: 'close behind a message',
    send: [text('x'), wsFrame(8, closePayload(1000, 'bye'))],
    messages: ['x'],
    close: 1000,
  },
  { name: 'a message behind close', send: [wsFrame(8, closePayload(1000)), text('late')], messages: [], close: 1000 },
  {
    name: 'close within a message',
    send: [text('a', { fin: false }), wsFrame(8, closePayload(1000))],
    messages: [],
    close: 1000,
  },
  { name: 'a reason of 123 bytes', send: [wsFrame(8, closePayload(1000, 'r'.repeat(123)))], messages: [], close: 1000 },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map(closes),
  bad('half a close code', 1002, wsFrame(8, Buffer.from([3]))),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(code =>
    bad(`close code ${code}`, 1002, wsFrame(8, closePayload(code))),
  ),
  bad('a close reason that is no UTF-8', 1007, wsFrame(8, closePayload(1000, Buffer.from([0xff])))),
  bad('no mask', 1002, text('x', { masked: false })),
  bad('reserved bit 1', 1002, text('x', { rsv: 4 })),
  bad('reserved bit 2', 1002, text('x', { rsv: 2 })),
  bad('reserved bit 3', 1002, text('x', { rsv: 1 })),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(opcode => bad(`opcode ${opcode}`, 1002, wsFrame(opcode, 'x'))),
  bad('a ping in pieces', 1002, wsFrame(9, 'x', { fin: false })),
  bad('a ping of 126 bytes', 1002, wsFrame(9, 'p'.repeat(126))),
  bad('a close of 126 bytes', 1002, wsFrame(8, closePayload(1000, 'r'.repeat(124)))),
  bad('a continuation of nothing', 1002, more('x', true)),
  bad('a message within a message', 1002, text('a', { fin: false }), text('b')),
  bad('binary within a text', 1002, text('a', { fin: false }), wsFrame(2, 'b')),
  bad('overlong UTF-8', 1007, text(Buffer.from([0xc0, 0xaf]))),
  bad('a surrogate', 1007, text(Buffer.from([0xed, 0xa0, 0x80]))),
  bad('beyond the last code point', 1007, text(Buffer.from([0xf4, 0x90, 0x80, 0x80]))),
  bad('half a character at the end', 1007, text(euro.subarray(0, 2))),
  bad('half a character at the end of two pieces', 1007, text('a', { fin: false }), more(euro.subarray(0, 2), true)),
  bad('a byte that is none of UTF-8', 1007, text(Buffer.from([0xfe]))),
]

/** What `ws` takes though RFC 6455 §5.2 forbids it: lengths that are not written shortest. */
export const strictCases: readonly WsCase[] = [
  bad('a length of 5 in 16 bits', 1002, text('hello', { lengthBits: 16 })),
  bad('a length of 5 in 64 bits', 1002, text('hello', { lengthBits: 64 })),
  bad('a length of 200 in 64 bits', 1002, text('a'.repeat(200), { lengthBits: 64 })),
  bad('a length beyond 2^53', 1002, Buffer.from([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4])),
]
