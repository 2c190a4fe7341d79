// removeComments, removeCommentsChar and replaceComments: comments of C, SQL and HTML.

import type { ByteString } from '../../lib/bytes.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const replaceComments: Transformation = {
  name: 'replaceComments',
  summary: 'Turns each C comment into one space; an open one reaches to the end.',
  apply(value) {
    let open = value.indexOf('/*')
    if (open < 0) return value
    let out = ''
    let from = 0
    while (open >= 0) {
      out += `${value.slice(from, open)} `
      const close = value.indexOf('*/', open + 2)
      if (close < 0) return out
      from = close + 2
      open = value.indexOf('/*', from)
    }
    return out + value.slice(from)
  },
}

/**
 * Copies the byte behind a comment without looking at it, and a NUL where the value ends with one: that is what
 * ModSecurity does and its vectors ask for.
 */
export const removeComments: Transformation = {
  name: 'removeComments',
  summary: 'Removes C and HTML comments, and everything from -- or # on.',
  apply(value) {
    if (!hasCommentStart(value)) return value
    const bytes = load(value, 1)
    const length = value.length
    bytes[length] = 0
    let end = 0
    let i = 0
    let inComment = false
    while (i < length) {
      const c = bytes[i] ?? 0
      if (inComment) {
        const closing = closesComment(bytes, i, length)
        i += closing || 1
        if (closing > 0) {
          inComment = false
          bytes[end++] = bytes[i++] ?? 0
        }
        continue
      }
      const opening = opensComment(bytes, i, length)
      if (opening > 0) {
        inComment = true
        i += opening
      } else if (c === 0x23 || (c === 0x2d && i + 1 < length && bytes[i + 1] === 0x2d)) break
      else {
        bytes[end++] = c
        i++
      }
    }
    if (inComment) bytes[end++] = 0x20
    return take(end)
  },
}

export const removeCommentsChar: Transformation = {
  name: 'removeCommentsChar',
  summary: 'Removes the marks of comments (/*, */, --, #, <!--, -->) and keeps their text.',
  apply(value) {
    if (!hasCommentStart(value) && !value.includes('*/')) return value
    const bytes = load(value)
    const length = value.length
    let end = 0
    for (let i = 0; i < length; ) {
      const c = bytes[i] ?? 0
      const mark =
        c === 0x23 ? 1 : opensComment(bytes, i, length) || closesComment(bytes, i, length) || dashes(bytes, i, length)
      if (mark > 0) i += mark
      else {
        bytes[end++] = c
        i++
      }
    }
    return take(end)
  },
}

function hasCommentStart(value: ByteString): boolean {
  return value.includes('/*') || value.includes('--') || value.includes('#')
}

/** Length of `/*` or `<!--` at `i`, or 0. */
function opensComment(bytes: Buffer, i: number, length: number): number {
  if (bytes[i] === 0x2f) return i + 1 < length && bytes[i + 1] === 0x2a ? 2 : 0
  if (bytes[i] !== 0x3c || i + 3 >= length) return 0
  return bytes[i + 1] === 0x21 && bytes[i + 2] === 0x2d && bytes[i + 3] === 0x2d ? 4 : 0
}

function closesComment(bytes: Buffer, i: number, length: number): number {
  if (bytes[i] === 0x2a) return i + 1 < length && bytes[i + 1] === 0x2f ? 2 : 0
  if (bytes[i] !== 0x2d || i + 2 >= length) return 0
  return bytes[i + 1] === 0x2d && bytes[i + 2] === 0x3e ? 3 : 0
}

function dashes(bytes: Buffer, i: number, length: number): number {
  return bytes[i] === 0x2d && i + 1 < length && bytes[i + 1] === 0x2d ? 2 : 0
}
