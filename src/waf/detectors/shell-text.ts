// A command in a text of many lines. Texts are about commands, mostly in blocks of code: what stands there is left out,
// and so are lines that are set in or begin with a prompt. Of the rest a command counts behind a separator when its
// argument is one of an attack: a file of the system, another host, a shell to feed.

import type { ByteString } from '../../lib/bytes.ts'
import { isDigit, isLetter } from './reading.ts'
import { withoutCode } from './rich-text.ts'
import { certain } from './shell-words.ts'
import type { Detection } from './types.ts'

const minLines = 8
/** More lines than these are not read one by one. */
const maxLines = 5000

const certainWords = new Set(certain)
const aims = [
  '/etc/',
  '/bin/',
  '/dev/tcp',
  '://',
  '/tmp/',
  '/proc/',
  '/var/www',
  '/root',
  '$(',
  '| sh',
  '|sh',
  '| bash',
  '|bash',
  'passwd',
]

export function detectShellInText(value: ByteString): Detection | undefined {
  if (!isText(value)) return undefined
  const text = withoutCode(value)
  let start = 0
  for (let lines = 0; start < text.length && lines < maxLines; lines++) {
    const lf = text.indexOf('\n', start)
    const end = lf < 0 ? text.length : lf
    const found = isCodeLine(text, start) ? -1 : commandIn(text, start, end)
    if (found >= 0) return { reason: 'command in a text', start: found, end: Math.min(end, found + 80) }
    start = end + 1
  }
  return undefined
}

function isText(value: ByteString): boolean {
  let lines = 0
  for (let at = value.indexOf('\n'); at >= 0 && lines < minLines; at = value.indexOf('\n', at + 1)) lines++
  return lines >= minLines
}

function isCodeLine(text: ByteString, start: number): boolean {
  const c = text.charAt(start)
  return c === '\t' || c === '$' || c === '#' || c === '>' || c === '%' || text.startsWith('    ', start)
}

/** The separator in front of a command with such an argument, in one line; -1 when there is none. */
function commandIn(text: ByteString, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const c = text.charAt(i)
    const opens = c === '$' && text.charAt(i + 1) === '('
    if (c !== ';' && c !== '|' && c !== '&' && c !== '`' && !opens) continue
    let from = i + 1
    while (from < end && ' ;|&('.includes(text.charAt(from))) from++
    let to = from
    while (to < end && to - from < 24 && isNameByte(text.charCodeAt(to))) to++
    const word = text.slice(from, to)
    const name = word.slice(word.lastIndexOf('/') + 1).toLowerCase()
    if (!certainWords.has(name)) continue
    const rest = text.slice(to, Math.min(end, to + 200))
    if (aims.some(aim => rest.includes(aim))) return i
  }
  return -1
}

function isNameByte(c: number): boolean {
  return isLetter(c) || isDigit(c) || c === 0x2f || c === 0x5f || c === 0x2d || c === 0x2e
}
