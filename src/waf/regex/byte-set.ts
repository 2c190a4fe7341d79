// Sets of bytes: what a class, a dot or a literal of a pattern comes down to. Eight 32-bit words, one bit a byte.

import type { ByteString } from '../../lib/bytes.ts'

export type ByteSet = Uint32Array

const BYTES = 256

export function emptySet(): ByteSet {
  return new Uint32Array(8)
}

export function byteSetOf(bytes: ByteString): ByteSet {
  const set = emptySet()
  for (let i = 0; i < bytes.length; i++) addByte(set, bytes.charCodeAt(i))
  return set
}

export function addByte(set: ByteSet, byte: number): void {
  set[byte >>> 5] = ((set[byte >>> 5] ?? 0) | (1 << (byte & 31))) >>> 0
}

export function addRange(set: ByteSet, first: number, last: number): void {
  for (let byte = first; byte <= last; byte++) addByte(set, byte)
}

export function addSet(set: ByteSet, other: ByteSet): void {
  for (let i = 0; i < 8; i++) set[i] = ((set[i] ?? 0) | (other[i] ?? 0)) >>> 0
}

export function hasByte(set: ByteSet, byte: number): boolean {
  return (((set[byte >>> 5] ?? 0) >>> (byte & 31)) & 1) === 1
}

export function complement(set: ByteSet): ByteSet {
  return set.map(word => ~word >>> 0)
}

/** Adds the other case of every ASCII letter in the set. Bytes above 0x7f have no case: PCRE without UTF mode. */
export function foldCase(set: ByteSet): ByteSet {
  const folded = set.slice()
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    if (hasByte(set, upper)) addByte(folded, upper + 0x20)
    if (hasByte(set, upper + 0x20)) addByte(folded, upper)
  }
  return folded
}

export function setMembers(set: ByteSet): number[] {
  const members: number[] = []
  for (let word = 0; word < 8; word++) {
    for (let bits = set[word] ?? 0; bits !== 0; bits &= bits - 1)
      members.push(word * 32 + 31 - Math.clz32(bits & -bits))
  }
  return members
}

/** Same key, same set. */
export function setKey(set: ByteSet): string {
  return set.join()
}

function makeSet(...ranges: readonly (number | readonly [number, number])[]): ByteSet {
  const set = emptySet()
  for (const range of ranges) {
    if (typeof range === 'number') addByte(set, range)
    else addRange(set, range[0], range[1])
  }
  return set
}

const singletons: readonly ByteSet[] = Array.from({ length: BYTES }, (_, byte) => makeSet(byte))

export function singleByte(byte: number): ByteSet {
  return singletons[byte & 0xff] ?? emptySet()
}

const foldedSingletons: readonly ByteSet[] = singletons.map(foldCase)

/** One byte, and the other case of a letter. The same object each time. */
export function singleByteFolded(byte: number): ByteSet {
  return foldedSingletons[byte & 0xff] ?? emptySet()
}

export const anyByte: ByteSet = makeSet([0, 255])
export const notNewline: ByteSet = complement(makeSet(0x0a))
export const digits: ByteSet = makeSet([0x30, 0x39])
export const wordBytes: ByteSet = makeSet([0x30, 0x39], [0x41, 0x5a], 0x5f, [0x61, 0x7a])
/** `\s` with the vertical tab, as in PCRE since 8.34. */
export const spaceBytes: ByteSet = makeSet([0x09, 0x0d], 0x20)
/** `\h`; 0xa0 is a no-break space in PCRE even without UTF mode. */
export const horizontalSpace: ByteSet = makeSet(0x09, 0x20, 0xa0)
/** `\v`, which in PCRE is a class, not the vertical tab alone. */
export const verticalSpace: ByteSet = makeSet([0x0a, 0x0d], 0x85)

/** POSIX classes in the "C" locale. */
export const posixClasses: ReadonlyMap<string, ByteSet> = new Map([
  ['alnum', makeSet([0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a])],
  ['alpha', makeSet([0x41, 0x5a], [0x61, 0x7a])],
  ['ascii', makeSet([0x00, 0x7f])],
  ['blank', makeSet(0x09, 0x20)],
  ['cntrl', makeSet([0x00, 0x1f], 0x7f)],
  ['digit', digits],
  ['graph', makeSet([0x21, 0x7e])],
  ['lower', makeSet([0x61, 0x7a])],
  ['print', makeSet([0x20, 0x7e])],
  ['punct', makeSet([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e])],
  ['space', spaceBytes],
  ['upper', makeSet([0x41, 0x5a])],
  ['word', wordBytes],
  ['xdigit', makeSet([0x30, 0x39], [0x41, 0x46], [0x61, 0x66])],
])
