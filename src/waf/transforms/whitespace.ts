// compressWhitespace, removeWhitespace, trim, trimLeft and trimRight.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from './characters.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const compressWhitespace: Transformation = {
  name: 'compressWhitespace',
  summary: 'Turns each run of white space into one space.',
  apply(value) {
    const first = firstToCompress(value)
    if (first < 0) return value
    const bytes = load(value)
    let end = first
    let inSpace = false
    for (let i = first; i < value.length; i++) {
      const c = bytes[i] ?? 0
      const space = isSpace(c)
      if (!space) bytes[end++] = c
      else if (!inSpace) bytes[end++] = 0x20
      inSpace = space
    }
    return take(end)
  },
}

/** Removes 0xA0 and 0xC2 too, the two bytes of a no-break space, as ModSecurity does. */
export const removeWhitespace: Transformation = {
  name: 'removeWhitespace',
  summary: 'Removes white space, no-break spaces included.',
  apply(value) {
    let i = 0
    while (i < value.length && !isRemoved(value.charCodeAt(i))) i++
    if (i === value.length) return value
    const bytes = load(value)
    let end = i
    for (; i < value.length; i++) {
      const c = bytes[i] ?? 0
      if (!isRemoved(c)) bytes[end++] = c
    }
    return take(end)
  },
}

export const trim: Transformation = {
  name: 'trim',
  summary: 'Removes white space at both ends.',
  apply: value => cut(value, leftEdge(value), rightEdge(value)),
}

export const trimLeft: Transformation = {
  name: 'trimLeft',
  summary: 'Removes white space at the start.',
  apply: value => cut(value, leftEdge(value), value.length),
}

export const trimRight: Transformation = {
  name: 'trimRight',
  summary: 'Removes white space at the end.',
  apply: value => cut(value, 0, rightEdge(value)),
}

/** A single space needs no change, unless another white space follows it. */
function firstToCompress(value: ByteString): number {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (isSpace(c) && (c !== 0x20 || isSpace(value.charCodeAt(i + 1)))) return i
  }
  return -1
}

function isRemoved(c: number): boolean {
  return isSpace(c) || c === 0xa0 || c === 0xc2
}

function leftEdge(value: ByteString): number {
  let i = 0
  while (i < value.length && isSpace(value.charCodeAt(i))) i++
  return i
}

function rightEdge(value: ByteString): number {
  let i = value.length
  while (i > 0 && isSpace(value.charCodeAt(i - 1))) i--
  return i
}

function cut(value: ByteString, start: number, end: number): ByteString {
  if (start === 0 && end === value.length) return value
  return start < end ? value.slice(start, end) : ''
}
