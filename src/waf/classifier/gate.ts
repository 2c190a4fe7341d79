// Which values are worth the classifier's time: those with a byte that an attack is made of. Names, numbers, words, plain
// paths and dates have none, so most values of honest requests end here.

import type { ByteString } from '../../lib/bytes.ts'
import { readBytes } from './features.ts'

const marks = new Uint8Array(256)
for (const character of '\'"<>;|&$`(){}[]\\*=!#%^~\0\n\r') marks[character.charCodeAt(0)] = 1

export function isSuspicious(value: ByteString): boolean {
  if (value.length < 3) return false
  const limit = Math.min(value.length, readBytes)
  let before = 0
  for (let i = 0; i < limit; i++) {
    const c = value.charCodeAt(i)
    if (marks[c] === 1) return true
    if ((c === 0x2e || c === 0x2f || c === 0x2d) && c === before) return true
    before = c
  }
  return false
}
