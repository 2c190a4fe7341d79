// Which values are worth the classifier's time: those with a byte that an attack is made of. Names, numbers, words, plain
// paths and dates have none, so most values of honest requests end here.

import type { ByteString } from '../../lib/bytes.ts'
import { readBytes } from './features.ts'

/** Shorter ones are too little to judge. */
const shortest = 5

const marks = new Uint8Array(256)
for (const character of '\'"<>;|&$`(){}[]\\*=!#%^~\0\n\r') marks[character.charCodeAt(0)] = 1

const plainMarks = new Uint8Array(256)
for (const character of '-./:_~#?=&') plainMarks[character.charCodeAt(0)] = 1

export function isSuspicious(value: ByteString): boolean {
  if (value.length < shortest || isPlainUrl(value)) return false
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

/** Scheme, host, path and query of plain bytes: where a URL may lead, detectSsrf tells. */
function isPlainUrl(value: ByteString): boolean {
  const colon = value.indexOf('://')
  if (colon < 2 || colon > 8 || value.length > readBytes) return false
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    const lower = c | 0x20
    const isWord = (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39)
    if (!isWord && plainMarks[c] !== 1) return false
  }
  return !value.includes('..')
}
