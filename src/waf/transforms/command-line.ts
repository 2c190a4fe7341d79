// cmdLine: undoes what shells of Unix and Windows let pass between the letters of a command.

import { isSpace } from './characters.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const cmdLine: Transformation = {
  name: 'cmdLine',
  summary: 'Removes \\ " \' ^, joins white space, comma and semicolon to one space, none before / and (, lower-cases.',
  apply(value) {
    let i = 0
    while (i < value.length && !isTouched(value.charCodeAt(i), value.charCodeAt(i + 1))) i++
    if (i === value.length) return value
    const bytes = load(value)
    let end = i
    let inSpace = false
    for (; i < value.length; i++) {
      const c = bytes[i] ?? 0
      if (isDropped(c)) continue
      if (isGap(c)) {
        if (!inSpace) bytes[end++] = 0x20
        inSpace = true
        continue
      }
      if (inSpace && (c === 0x2f || c === 0x28)) end--
      inSpace = false
      bytes[end++] = c >= 0x41 && c <= 0x5a ? c + 0x20 : c
    }
    return take(end)
  },
}

function isDropped(c: number): boolean {
  return c === 0x22 || c === 0x27 || c === 0x5c || c === 0x5e
}

function isGap(c: number): boolean {
  return c === 0x20 || c === 0x2c || c === 0x3b || c === 0x09 || c === 0x0d || c === 0x0a
}

/** A space that stands alone before an ordinary byte stays as it is. */
function isTouched(c: number, next: number): boolean {
  if (c === 0x20) return isSpace(next) || isGap(next) || isDropped(next) || next === 0x2f || next === 0x28
  return isDropped(c) || isGap(c) || (c >= 0x41 && c <= 0x5a)
}
