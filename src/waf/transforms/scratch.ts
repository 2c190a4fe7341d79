// The work area that transformations share: a value is copied in with one native call, changed in place, and taken out
// with another. Transformations are synchronous and don't nest, so one area is enough and nothing is allocated but the
// result.

import type { ByteString } from '../../lib/bytes.ts'

const keptBytes = 1024 * 1024
let area = Buffer.allocUnsafeSlow(64 * 1024)

/** Makes room for `bytes` and returns the area. What was in it is lost. */
export function reserve(bytes: number): Buffer {
  if (bytes > area.length) area = Buffer.allocUnsafeSlow(bytes * 2)
  return area
}

/** Puts the value at the start of the area, with room for `extra` bytes behind it. */
export function load(value: ByteString, extra = 0): Buffer {
  const buffer = reserve(value.length + extra)
  buffer.write(value, 0, 'latin1')
  return buffer
}

/** The first `length` bytes of the area as a string. An area grown by a huge value is given back. */
export function take(length: number): ByteString {
  const value = area.toString('latin1', 0, length)
  if (area.length > keptBytes) area = Buffer.allocUnsafeSlow(64 * 1024)
  return value
}
