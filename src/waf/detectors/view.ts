// A value as an array of bytes, for detectors that look at each of them: copying costs less than asking a string for one
// byte at a time.

import type { ByteString } from '../../lib/bytes.ts'

/** Bytes that are room enough for most values; for longer ones it grows, and stays as large. */
const startBytes = 4096

/** The room is given back when it has grown beyond this. */
const keptBytes = 1024 * 1024

let room = Buffer.alloc(startBytes)

/** The bytes of the value and a 0 behind them; good until the next call. */
export function viewOf(value: ByteString): Uint8Array {
  const { length } = value
  if (length >= room.length || room.length > keptBytes) room = Buffer.alloc(Math.max(startBytes, length * 2))
  room.write(value, 0, 'latin1')
  room[length] = 0
  return room
}
