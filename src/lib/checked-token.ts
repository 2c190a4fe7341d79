// Secrets that people copy and paste: a prefix that says what it is, random letters and digits, and a checksum that
// tells a typo from a wrong secret before anything is looked up.

import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const checksumLength = 6
/** Nothing longer is looked at. */
const lengthMax = 200

/** That many random bits in base 62, always of the same length. */
export function randomBase62(bits: number): string {
  const length = Math.ceil(bits / Math.log2(62))
  let value = BigInt(`0x${randomBytes(Math.ceil(bits / 8)).toString('hex')}`)
  let text = ''
  for (let i = 0; i < length; i++) {
    text = alphabet.charAt(Number(value % 62n)) + text
    value /= 62n
  }
  return text
}

/** `prefix_RANDOM_CHECK`. */
export function createCheckedToken(prefix: string, bits: number): string {
  const body = `${prefix}_${randomBase62(bits)}`
  return `${body}_${checksum(body)}`
}

/** Whether a text ends with the checksum of what is before it. */
export function isCheckedToken(text: string): boolean {
  if (text.length > lengthMax) return false
  const end = text.length - checksumLength - 1
  return end > 0 && text.charAt(end) === '_' && checksum(text.slice(0, end)) === text.slice(end + 1)
}

function checksum(text: string): string {
  let value = crc32(text)
  let digits = ''
  for (let i = 0; i < checksumLength; i++) {
    digits = alphabet.charAt(value % 62) + digits
    value = Math.floor(value / 62)
  }
  return digits
}
