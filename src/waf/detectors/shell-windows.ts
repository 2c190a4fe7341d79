// Commands of PowerShell and cmd, as these read them: in any case, with backticks, carets and quotes inside of words.
// A name counts where a command stands: at the start, behind a separator or an opening bracket; and with an argument.

import type { ByteString } from '../../lib/bytes.ts'
import { isLetter, isWordByte } from './reading.ts'
import type { Detection } from './types.ts'
import { viewOf } from './view.ts'

/** What is read of a value, and of how many lines: longer ones are texts about commands. */
const maxBytes = 4096
const maxLines = 8

/** Names and what must follow: one of the beginnings, '' for anything at all. */
const commands: readonly (readonly [name: string, ...next: string[]])[] = [
  ['invoke-expression', ''],
  ['invoke-webrequest', '-', 'http', '$', '"', "'"],
  ['invoke-restmethod', '-', 'http', '$', '"', "'"],
  ['invoke-command', '-', '{', '$'],
  ['invoke-wmimethod', '-', '$'],
  ['start-process', ''],
  ['start-bitstransfer', '-', 'http'],
  ['new-object', 'net.', 'system.net', '-com', 'io.', 'system.io', 'system.diagnostics'],
  ['set-executionpolicy', ''],
  ['get-content', '/', 'c:', '..', '$env'],
  ['get-childitem', 'env:', 'c:', '/'],
  ['get-wmiobject', 'win32', '-class'],
  ['iex', '(', '$', '"', "'", 'new-object'],
  ['iwr', 'http', '-', '$', '"'],
  ['irm', 'http', '-', '$', '"'],
  ['powershell', '-', '/', 'iex', '&'],
  ['powershell.exe', ''],
  ['pwsh', '-c', '-e', '-nop'],
  ['cmd', '/c', '/k', '/q', '/v'],
  ['cmd.exe', '/c', '/k', '/q', '/v'],
  ['set', '/a ', '/p '],
  ['for', '/f ', '/l ', '/r ', '/d '],
  ['certutil', '-urlcache', '/urlcache', '-decode', '-encode', '-f'],
  ['certutil.exe', ''],
  ['bitsadmin', '/'],
  ['rundll32', ''],
  ['regsvr32', '/'],
  ['mshta', 'http', 'vbscript', 'javascript', 'c:'],
  ['wmic', 'process', 'os', 'useraccount', 'service', 'qfe', 'logicaldisk', '/'],
  ['schtasks', '/'],
  ['reg', 'add ', 'query ', 'delete ', 'save '],
  ['net', 'user', 'localgroup', 'view', 'share', 'use ', 'start', 'stop', 'group'],
  ['systeminfo', '&', '|', '/', '\0'],
  ['ipconfig', '/', '&', '|', '\0'],
  ['type', '%', 'c:', '..\\', '\\\\', 'con '],
  ['dir', 'c:', '/', '%', '\\', '..\\'],
  ['ping', '-n ', '/n '],
  ['timeout', '/t'],
  ['copy', 'c:', '%', '\\\\'],
  ['del', '/', 'c:', '%'],
  ['vssadmin', 'delete', 'list', 'create'],
  ['wevtutil', 'cl', 'qe'],
  ['nltest', '/'],
  ['whoami', '/', '&', '|'],
]

/** Names that tell wherever they stand; `scan` knows a sign of each. */
const anywhere = [
  ...['.downloadstring(', '.downloadfile(', 'frombase64string(', '-encodedcommand', '%comspec%', 'wscript.shell'],
  ...['[system.diagnostics.process]::start', '[system.reflection.assembly]::'],
]

export function detectWindowsCommand(value: ByteString): Detection | undefined {
  if (value.length > maxBytes || value.length < 5) return undefined
  const signs = scan(viewOf(value), value.length)
  if (signs === 0) return undefined
  return (
    ((signs & mayBeNamed) !== 0 ? byName(value) : undefined) ?? ((signs & mayBeKnown) !== 0 ? known(value) : undefined)
  )
}

const Kind = { other: 0, letter: 1, blank: 2, opener: 3, sign: 4 } as const

const kinds = new Uint8Array(256)
for (let c = 0; c < 256; c++) {
  if (isLetter(c) || c === 0x5e) kinds[c] = Kind.letter
  else if (isBlank(c)) kinds[c] = Kind.blank
  else if (isOpener(c)) kinds[c] = Kind.opener
  else if (c === 0x25 || c === 0x2d || c === 0x2e || c === 0x3a) kinds[c] = Kind.sign
}

const mayBeNamed = 1
const mayBeKnown = 2

/** One pass that tells which of the searches below may find something: 0 for most values, and for texts of many lines. */
function scan(bytes: Uint8Array, length: number): number {
  let signs = 0
  let lines = 1
  let isStart = true
  for (let i = 0; i < length; i++) {
    const c = bytes[i] as number
    switch (kinds[c]) {
      case Kind.blank:
        break
      case Kind.opener:
        if (c === 0x0a && ++lines > maxLines) return 0
        if (c === 0x28 && endsCall(bytes[i - 1])) signs |= mayBeKnown
        isStart = true
        break
      case Kind.letter:
        if (isStart && mayStartName(bytes, i)) signs |= mayBeNamed
        isStart = false
        break
      case Kind.sign:
        if (isSign(c, bytes[i - 1], bytes[i + 1])) signs |= mayBeKnown
        isStart = false
        break
      default:
        isStart = false
    }
  }
  return signs
}

/** `downloadString(`, `downloadFile(`, `fromBase64String(` */
function endsCall(before: number | undefined): boolean {
  const lower = (before ?? 0) | 0x20
  return lower === 0x67 || lower === 0x65
}

/** `%comspec%`, `-encodedcommand`, `wscript.shell`, `]::` */
function isSign(c: number, before = 0, next = 0): boolean {
  switch (c) {
    case 0x25:
      return (next | 0x20) === 0x63
    case 0x2d:
      return (next | 0x20) === 0x65
    case 0x2e:
      return (before | 0x20) === 0x74 && (next | 0x20) === 0x73
    default:
      return before === 0x5d && next === 0x3a
  }
}

/** By three letters that a name starts with. */
const heads = new Uint8Array(1 << 15)
for (const [name] of commands) heads[headOf(name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2))] = 1

function headOf(a: number, b: number, c: number): number {
  return ((a & 31) << 10) | ((b & 31) << 5) | (c & 31)
}

/** What is dropped inside of words may stand between the letters. */
function mayStartName(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at] as number
  const second = bytes[at + 1] as number
  const third = bytes[at + 2] as number
  if (isDropped(first) || isDropped(second)) return true
  return isLetter(second) && (isDropped(third) || (isLetter(third) && heads[headOf(first, second, third)] === 1))
}

function isDropped(c: number): boolean {
  return c === 0x5e || c === 0x60 || c === 0x22
}

/** At each place where a command may start, the word that stands there. */
function byName(value: ByteString): Detection | undefined {
  let isStart = true
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (isOpener(c)) isStart = true
    else if (isStart && !isBlank(c)) {
      isStart = false
      if (!isLetter(c) && c !== 0x5e) continue
      const { name, end } = readName(value, i)
      const next = commandsByName.get(name)
      if (next && hasArgument(value, end, name, next, i === 0))
        return { reason: 'Windows command', start: i, end: Math.min(value.length, end + 2) }
    }
  }
  return undefined
}

/** Separators, line ends, and what opens a group or gives a value. */
function isOpener(c: number): boolean {
  return (
    c === 0x3b ||
    c === 0x7c ||
    c === 0x26 ||
    c === 0x0a ||
    c === 0x0d ||
    c === 0x28 ||
    c === 0x7b ||
    c === 0x3d ||
    c === 0x40
  )
}

/** Blanks, and quotes around what follows. */
function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x22 || c === 0x27
}

const maxName = 32

/** The word at `at` in lower case, without the carets, backticks and quotes that these shells drop inside of words. */
function readName(value: ByteString, at: number): { readonly name: string; readonly end: number } {
  let name = ''
  let i = at
  for (; i < value.length && i - at < maxName; i++) {
    const c = value.charCodeAt(i)
    if (c === 0x5e || ((c === 0x60 || c === 0x22) && isWordByte(value.charCodeAt(i + 1)) && name !== '')) continue
    if (!isWordByte(c) && c !== 0x2d && c !== 0x2e) break
    name += value.charAt(i)
  }
  return { name: name.toLowerCase(), end: i }
}

const commandsByName: ReadonlyMap<string, readonly string[]> = new Map(commands.map(([name, ...next]) => [name, next]))

/** Words of sentences need more than to stand at the start of one. */
const everyday = new Set(['set', 'for', 'net', 'type', 'dir', 'copy', 'del', 'ping', 'timeout', 'reg', 'cmd'])

function hasArgument(value: ByteString, end: number, name: string, next: readonly string[], isFirst: boolean): boolean {
  let i = end
  while (value.charAt(i) === ' ' || value.charAt(i) === '\t') i++
  const rest = value.slice(i, i + 24).toLowerCase()
  if (rest === '') return next.includes('\0')
  const isGiven = next.some(head => (head === '' ? i > end || rest.startsWith('(') : rest.startsWith(head)))
  return isGiven && !(isFirst && everyday.has(name) && isPlainWord(rest))
}

/** `net user guide`, `set /a` apart: a word, then letters. */
function isPlainWord(rest: ByteString): boolean {
  return isWordByte(rest.charCodeAt(0)) && !rest.includes('/') && !rest.includes(':') && !rest.includes('\\')
}

function known(value: ByteString): Detection | undefined {
  const text = value.toLowerCase()
  for (const name of anywhere) {
    const at = text.indexOf(name)
    if (at >= 0) return { reason: 'Windows command', start: at, end: at + name.length }
  }
  return undefined
}
