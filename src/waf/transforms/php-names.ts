// phpArgsNames: the name under which PHP stores an argument (php_register_variable_ex): space and dot become _, and
// only a bracket pair opens an array.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from './characters.ts'
import type { Transformation } from './types.ts'

export const phpArgsNames: Transformation = {
  name: 'phpArgsNames',
  summary: "Rewrites an argument's name as PHP does: `a b.c` is `a_b_c`.",
  apply(value) {
    const name = phpName(value)
    return name === value ? value : name
  },
}

function phpName(value: ByteString): ByteString {
  let start = 0
  while (value.charCodeAt(start) === 0x20) start++
  const bracket = value.indexOf('[', start)
  if (bracket === start) return '' // a name can't start with a bracket: PHP drops the argument
  const plainEnd = bracket < 0 ? value.length : bracket
  const plain = value.slice(start, plainEnd).replaceAll(' ', '_').replaceAll('.', '_')
  if (bracket < 0) return plain
  const indexes: ByteString[] = []
  let at = bracket
  while (value.charCodeAt(at) === 0x5b) {
    const close = value.indexOf(']', at)
    if (close < 0) break
    const index = value.slice(at + 1, close)
    indexes.push(index.length === 1 && isSpace(index.charCodeAt(0)) ? '[]' : `[${index}]`)
    at = close + 1
  }
  // A first bracket that never closes is a plain character, and the rest of the name stays as it is.
  if (indexes.length === 0) return `${plain}_${value.slice(bracket + 1)}`
  return plain + indexes.join('')
}
