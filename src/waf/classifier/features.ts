// Features of a value for the classifier: hashed n-grams of its bytes, of its tokens and of its shape. Upper case, digits,
// blanks and bytes beyond ASCII are folded, so that what is learned is how attacks are built and not who is attacked.

import type { ByteString } from '../../lib/bytes.ts'

/** Weights of a model; a power of two. */
export const featureCount = 1 << 16
const mask = featureCount - 1

/** What is read of a value. Longer ones are texts, which the detectors judge whole. */
export const readBytes = 400

/** An upper bound of the features of one value, those that repeat included. */
export const maxFeatures = (readBytes + 2) * 7

const folded = new Uint8Array(readBytes + 4)
/** One byte each, so that the CPU keeps them at hand. */
const seen = new Uint8Array(featureCount)
const lastStamp = 255
let stamp = 0

/** Fills `out` with the distinct features of a value and returns how many there are. */
export function extractFeatures(value: ByteString, out: Int32Array): number {
  const length = fold(value)
  const count = tokens(length, out, grams(length, out))
  return withoutRepeats(out, count)
}

function grams(length: number, out: Int32Array): number {
  let count = 0
  let gram = 0
  for (let i = 0; i < length; i++) {
    gram = (gram << 8) | (folded[i] as number)
    if (i >= 1) out[count++] = indexOf(gram & 0xffff, 0x51ed)
    if (i >= 2) out[count++] = indexOf(gram & 0xffffff, 0x2c1b)
    if (i >= 3) out[count++] = indexOf(gram, 0x7f4a)
  }
  return count
}

function withoutRepeats(out: Int32Array, count: number): number {
  if (++stamp > lastStamp) {
    seen.fill(0)
    stamp = 1
  }
  const mine = stamp
  let kept = 0
  for (let i = 0; i < count; i++) {
    const index = out[i] as number
    if (seen[index] === mine) continue
    seen[index] = mine
    out[kept++] = index
  }
  return kept
}

function indexOf(value: number, seed: number): number {
  let hash = Math.imul(value ^ seed, 0x9e3779b1)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  return (hash ^ (hash >>> 15)) & mask
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
function tokens(length: number, out: Int32Array, first: number): number {
  let count = first
  let before = 0
  let earlier = 0
  let shape = 0
  for (let i = 0; i < length; ) {
    let token = folded[i] as number
    let kind = token
    if (isWord(token)) {
      token = 0x811c9dc5
      for (; i < length && isWord(folded[i] as number); i++) {
        token = Math.imul(token ^ (folded[i] as number), 0x01000193)
      }
      kind = 0x61
    } else i++
    if (kind === 0x20) continue
    const pair = token ^ Math.imul(before, 31)
    out[count++] = indexOf(token, 0x1111)
    out[count++] = indexOf(pair, 0x2222)
    out[count++] = indexOf(pair ^ Math.imul(earlier, 131), 0x3333)
    shape = (shape << 8) | kind
    out[count++] = indexOf(shape, 0x4444)
    earlier = before
    before = token
  }
  return count
}

function isWord(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || c === 0x5f || c === digit || c === wide
}
