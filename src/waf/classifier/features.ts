// Features of a value for the classifier: hashed n-grams of its bytes, of its tokens and of its shape. Upper case, digits,
// blanks and bytes beyond ASCII are folded, so that what is learned is how attacks are built and not who is attacked.

import type { ByteString } from '../../lib/bytes.ts'

/** Weights of a model; a power of two. */
export const featureCount = 1 << 16
const mask = featureCount - 1

/** What is read of a value. Longer ones are texts, which the detectors judge whole. */
export const readBytes = 400

/** An upper bound of the features of one value. */
export const maxFeatures = readBytes * 5 + 8

const folded = new Uint8Array(readBytes + 4)
const seen = new Uint32Array(featureCount)
let stamp = 0

/** Fills `out` with the distinct features of a value and returns how many there are. */
export function extractFeatures(value: ByteString, out: Int32Array): number {
  if (++stamp > 0xfffffff0) {
    seen.fill(0)
    stamp = 1
  }
  const length = fold(value)
  let count = 0
  const add = (hash: number): void => {
    const index = (hash ^ (hash >>> 15)) & mask
    if (seen[index] === stamp) return
    seen[index] = stamp
    out[count++] = index
  }
  let gram = 0
  for (let i = 0; i < length; i++) {
    gram = (gram << 8) | (folded[i] ?? 0) | 0
    if (i >= 1) add(mix(gram & 0xffff, 0x51ed))
    if (i >= 2) add(mix(gram & 0xffffff, 0x2c1b))
    if (i >= 3) add(mix(gram, 0x7f4a))
  }
  tokens(length, add)
  return count
}

function mix(value: number, seed: number): number {
  let hash = Math.imul(value ^ seed, 0x9e3779b1)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

const start = 2
const end = 3
const digit = 0x30
const wide = 0x80

/** Lower case, runs of digits as one 0, of blanks as one space, of bytes beyond ASCII as one; a mark at either end. */
function fold(value: ByteString): number {
  const limit = Math.min(value.length, readBytes)
  let length = 0
  folded[length++] = start
  let last = -1
  for (let i = 0; i < limit; i++) {
    let c = value.charCodeAt(i)
    if (c >= 0x41 && c <= 0x5a) c |= 0x20
    else if (c >= 0x30 && c <= 0x39) c = digit
    else if (c === 0x20 || (c >= 0x09 && c <= 0x0d)) c = 0x20
    else if (c >= 0x80) c = wide
    if (c === last && (c === digit || c === 0x20 || c === wide)) continue
    last = c
    folded[length++] = c
  }
  if (limit === value.length) folded[length++] = end
  return length
}

/** Words with what stands next to them, and shapes: words as one letter, so that only punctuation tells. */
function tokens(length: number, add: (hash: number) => void): void {
  let before = 0
  let earlier = 0
  let shape = 0
  for (let i = 0; i < length; ) {
    let token = folded[i] ?? 0
    let kind = token
    if (isWord(token)) {
      token = 0x811c9dc5
      for (; i < length && isWord(folded[i] ?? 0); i++) token = Math.imul(token ^ (folded[i] ?? 0), 0x01000193)
      kind = 0x61
    } else i++
    if (kind === 0x20) continue
    add(mix(token, 0x1111))
    add(mix(token ^ Math.imul(before, 31), 0x2222))
    add(mix(token ^ Math.imul(before, 31) ^ Math.imul(earlier, 131), 0x3333))
    shape = (shape << 8) | kind | 0
    add(mix(shape, 0x4444))
    earlier = before
    before = token
  }
}

function isWord(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || c === 0x5f || c === digit || c === wide
}
