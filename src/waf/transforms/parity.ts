// parityEven7bit, parityOdd7bit and parityZero7bit: sets or clears the eighth bit of each byte.

import type { ByteString } from '../../lib/bytes.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

const evenParity = new Uint8Array(256)
const oddParity = new Uint8Array(256)
const zeroParity = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const seven = byte & 0x7f
  let ones = 0
  for (let rest = seven; rest > 0; rest >>= 1) ones += rest & 1
  evenParity[byte] = (ones & 1) === 1 ? seven | 0x80 : seven
  oddParity[byte] = (ones & 1) === 0 ? seven | 0x80 : seven
  zeroParity[byte] = seven
}

export const parityEven7bit: Transformation = {
  name: 'parityEven7bit',
  summary: 'Sets the eighth bit so that the number of ones is even.',
  apply: value => mapBytes(value, evenParity),
}

export const parityOdd7bit: Transformation = {
  name: 'parityOdd7bit',
  summary: 'Sets the eighth bit so that the number of ones is odd.',
  apply: value => mapBytes(value, oddParity),
}

export const parityZero7bit: Transformation = {
  name: 'parityZero7bit',
  summary: 'Clears the eighth bit.',
  apply: value => mapBytes(value, zeroParity),
}

function mapBytes(value: ByteString, map: Uint8Array): ByteString {
  let i = 0
  while (i < value.length && map[value.charCodeAt(i)] === value.charCodeAt(i)) i++
  if (i === value.length) return value
  const bytes = load(value)
  for (; i < value.length; i++) bytes[i] = map[bytes[i] ?? 0] ?? 0
  return take(value.length)
}
