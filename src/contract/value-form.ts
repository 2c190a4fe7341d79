// Forms of single values that a contract can promise: what fits them, and what that leaves to an attacker. Values of a
// settled form are nothing but letters, digits and a few marks in a fixed order, so they can't carry an attack in any
// language. Readers go through a value once, byte by byte.

import type { ByteString } from '../lib/bytes.ts'

export interface ValueForm {
  readonly name: string
  /** Decoded as the rules see it; never empty. */
  fits(value: ByteString): boolean
  /** Whether a value that fits can carry nothing else. */
  readonly isSettled: boolean
  /** Bytes that show structure in a value that does not fit. */
  readonly marks: Marks
}

type Marks = Uint8Array

/** No settled value is longer. */
const settledMax = 128

const everywhere = '"\'`<>{}|;&$\\\0\r\n'
/** Of numbers and identifiers: nothing that is written with blanks or operators. */
const tight = marksOf(`${everywhere}()=*%/! \t`)
const loose = marksOf(`${everywhere}()=`)
/** Dates are also written for people: `Mon Jan 05 2026 10:00:00 GMT+0100 (CET)`. */
const dated = marksOf(everywhere)
/** Local parts of addresses may hold much: `o'brien+{tag}@example.com`. */
const mailed = marksOf('`<>|;$\\\0\r\n()=')

const forms: readonly ValueForm[] = [
  { name: 'integer', fits: isInteger, isSettled: true, marks: tight },
  { name: 'number', fits: isNumber, isSettled: true, marks: tight },
  { name: 'boolean', fits: value => value === 'true' || value === 'false', isSettled: true, marks: tight },
  { name: 'uuid', fits: isUuid, isSettled: true, marks: tight },
  { name: 'date', fits: isDate, isSettled: true, marks: dated },
  { name: 'date-time', fits: isDateTime, isSettled: true, marks: dated },
  { name: 'time', fits: isTime, isSettled: true, marks: dated },
  { name: 'duration', fits: isDuration, isSettled: true, marks: dated },
  { name: 'email', fits: areMailboxes, isSettled: false, marks: mailed },
  // An address of a private network may be just what an attacker wants fetched: rules look at it all the same.
  { name: 'ipv4', fits: isIpv4, isSettled: false, marks: tight },
  { name: 'ipv6', fits: isIpv6, isSettled: false, marks: tight },
  { name: 'hostname', fits: isHostname, isSettled: false, marks: loose },
]

const byName = new Map(forms.map(form => [form.name, form]))

/** By `type` or `format` of a schema; undefined for forms that say too little: `password`, `uri`, `binary`. */
export function formNamed(name: string): ValueForm | undefined {
  return byName.get(name)
}

/** One of the values that the contract lists. */
export function formOfChoices(choices: readonly ByteString[]): ValueForm {
  const known = new Set(choices)
  return { name: 'enum', fits: value => known.has(value), isSettled: true, marks: loose }
}

/** What a value is in its field; undefined where it is to be judged as any other. */
export function placeIn(form: ValueForm, value: ByteString): 'settled' | 'broken' | undefined {
  if (value === '') return undefined
  if (form.fits(value)) {
    return form.isSettled && (form.name === 'enum' || value.length <= settledMax) ? 'settled' : undefined
  }
  // Blanks around a value are trimmed by whoever reads it.
  const trimmed = value.trim()
  if (trimmed !== value && (trimmed === '' || form.fits(trimmed))) return undefined
  return hasMarks(trimmed, form.marks) ? 'broken' : undefined
}

function hasMarks(value: ByteString, marks: Marks): boolean {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (marks[c] === 1) return true
    // A comment of SQL.
    if (c === 0x2d && value.charCodeAt(i + 1) === 0x2d) return true
  }
  return false
}

function marksOf(characters: string): Marks {
  const marks = new Uint8Array(256)
  for (const character of characters) marks[character.charCodeAt(0)] = 1
  return marks
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

function isLetter(c: number): boolean {
  const lower = c | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/** The end of the digits from a place on. */
function digitsEnd(value: ByteString, from: number): number {
  let at = from
  while (isDigit(value.charCodeAt(at))) at++
  return at
}

function signEnd(value: ByteString): number {
  const c = value.charCodeAt(0)
  return c === 0x2d || c === 0x2b ? 1 : 0
}

function isInteger(value: ByteString): boolean {
  const start = signEnd(value)
  return digitsEnd(value, start) === value.length && value.length > start
}

function isNumber(value: ByteString): boolean {
  const start = signEnd(value)
  let at = digitsEnd(value, start)
  let digits = at - start
  if (value.charAt(at) === '.') {
    const end = digitsEnd(value, at + 1)
    digits += end - at - 1
    at = end
  }
  if (digits === 0) return false
  if ((value.charCodeAt(at) | 0x20) === 0x65) {
    const sign = value.charAt(at + 1)
    const from = sign === '-' || sign === '+' ? at + 2 : at + 1
    at = digitsEnd(value, from)
    if (at === from) return false
  }
  return at === value.length
}

const uuidShape = '00000000-0000-0000-0000-000000000000'

function isUuid(value: ByteString): boolean {
  const text = value.startsWith('urn:uuid:') ? value.slice(9) : value
  if (text.length !== uuidShape.length) return false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (uuidShape.charAt(i) === '-' ? c !== 0x2d : !isHex(c)) return false
  }
  return true
}

function isHex(c: number): boolean {
  const lower = c | 0x20
  return isDigit(c) || (lower >= 0x61 && lower <= 0x66)
}

/** `0` stands for a digit, all else for itself; the end of what has this shape, -1 where it has not. */
function shapeEnd(value: ByteString, from: number, shape: string): number {
  for (let i = 0; i < shape.length; i++) {
    const c = value.charCodeAt(from + i)
    if (shape.charAt(i) === '0' ? !isDigit(c) : c !== shape.charCodeAt(i)) return -1
  }
  return from + shape.length
}

function isDate(value: ByteString): boolean {
  return shapeEnd(value, 0, '0000-00-00') === value.length
}

/** RFC 3339, and what leaves out its seconds or zone, or has a blank for its T. */
function isDateTime(value: ByteString): boolean {
  const day = shapeEnd(value, 0, '0000-00-00')
  if (day < 0) return false
  if (day === value.length) return true
  const separator = value.charCodeAt(day) | 0x20
  return (separator === 0x74 || separator === 0x20) && isTimeFrom(value, day + 1)
}

function isTime(value: ByteString): boolean {
  return isTimeFrom(value, 0)
}

function isTimeFrom(value: ByteString, from: number): boolean {
  let at = shapeEnd(value, from, '00:00')
  if (at < 0) return false
  const seconds = shapeEnd(value, at, ':00')
  if (seconds > 0) at = seconds
  if (seconds > 0 && value.charAt(at) === '.') {
    const end = digitsEnd(value, at + 1)
    if (end === at + 1) return false
    at = end
  }
  if (at === value.length) return true
  if ((value.charCodeAt(at) | 0x20) === 0x7a) return at + 1 === value.length
  const sign = value.charAt(at)
  if (sign !== '+' && sign !== '-') return false
  return [shapeEnd(value, at + 1, '00:00'), shapeEnd(value, at + 1, '0000')].includes(value.length)
}

/** `P3Y6M4DT12H30M5S` */
function isDuration(value: ByteString): boolean {
  if (value.length < 3 || value.charAt(0) !== 'P') return false
  for (let i = 1; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (!isDigit(c) && !'YMWDTHS.'.includes(value.charAt(i))) return false
  }
  return true
}

/** One address or a list of them, with or without the names of their people. */
function areMailboxes(value: ByteString): boolean {
  if (value.includes('\r') || value.includes('\n')) return false
  return withoutNames(value)
    .split(/[,;]/, maxMailboxes)
    .every(one => isAddress(addressOf(one.trim())))
}

/** Names in quotes may hold commas. */
function withoutNames(value: ByteString): ByteString {
  let out = ''
  let at = 0
  for (;;) {
    const open = value.indexOf('"', at)
    const close = open < 0 ? -1 : value.indexOf('"', open + 1)
    if (close < 0) return out + value.slice(at)
    out += value.slice(at, open)
    at = close + 1
  }
}

/** More stand in no field. */
const maxMailboxes = 1000

/** `Ann <ann@example.com>` → `ann@example.com` */
function addressOf(mailbox: ByteString): ByteString {
  const open = mailbox.lastIndexOf('<')
  if (open < 0 || !mailbox.endsWith('>')) return mailbox
  for (let i = 0; i < open; i++) {
    const c = mailbox.charCodeAt(i)
    if (c < 0x20 || '<>;$`\\='.includes(mailbox.charAt(i))) return mailbox
  }
  return mailbox.slice(open + 1, -1)
}

/** What RFC 5322 has in a local part, without the marks that make up commands. */
const localMarks = new Set([..."!#%&'*+/?^_{}~.-"].map(character => character.charCodeAt(0)))

function isAddress(value: ByteString): boolean {
  const at = value.lastIndexOf('@')
  if (at < 1) return false
  for (let i = 0; i < at; i++) {
    const c = value.charCodeAt(i)
    if (!isLetter(c) && !isDigit(c) && c < 0x80 && !localMarks.has(c)) return false
  }
  return isHostname(value.slice(at + 1))
}

function isHostname(value: ByteString): boolean {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (!isLetter(c) && !isDigit(c) && c < 0x80 && c !== 0x2d && c !== 0x2e && c !== 0x5f) return false
  }
  return value !== '' && value.length <= 253
}

function isIpv4(value: ByteString): boolean {
  let at = 0
  for (let part = 0; part < 4; part++) {
    const end = digitsEnd(value, at)
    if (end === at || end - at > 3) return false
    at = end
    if (part < 3 && value.charAt(at++) !== '.') return false
  }
  return at === value.length
}

function isIpv6(value: ByteString): boolean {
  if (value.length > 45 || !value.includes(':')) return false
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (!isHex(c) && c !== 0x3a && c !== 0x2e) return false
  }
  return true
}
