// removeNulls and replaceNulls.

import type { ByteString } from '../../lib/bytes.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const removeNulls: Transformation = {
  name: 'removeNulls',
  summary: 'Removes NUL bytes.',
  apply: value => (value.includes('\0') ? removeNul(value) : value),
}

export const replaceNulls: Transformation = {
  name: 'replaceNulls',
  summary: 'Turns NUL bytes into spaces.',
  apply: value => (value.includes('\0') ? value.replaceAll('\0', ' ') : value),
}

function removeNul(value: ByteString): ByteString {
  const bytes = load(value)
  let end = 0
  for (let i = 0; i < value.length; i++) {
    const c = bytes[i] ?? 0
    if (c !== 0) bytes[end++] = c
  }
  return take(end)
}
