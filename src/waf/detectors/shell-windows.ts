// Commands of PowerShell and cmd, as these read them: in any case, with backticks, carets and quotes inside of words.
// A name counts where a command stands: at the start, behind a separator or an opening bracket; and with an argument.

import type { ByteString } from '../../lib/bytes.ts'
import { isWordByte } from './reading.ts'
import type { Detection } from './types.ts'

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

/** Names that tell wherever they stand. */
const anywhere = [
  '.downloadstring(',
  '.downloadfile(',
  'frombase64string(',
  '-encodedcommand',
  '%comspec%',
  '[system.diagnostics.process]::start',
  'wscript.shell',
  '[system.reflection.assembly]::',
]

export function detectWindowsCommand(value: ByteString): Detection | undefined {
  if (value.length > maxBytes || lineCount(value) > maxLines) return undefined
  const { text, from } = fold(value)
  for (const name of anywhere) {
    const at = text.indexOf(name)
    if (at >= 0) return place('Windows command', at, at + name.length, from)
  }
  for (let i = 0; i < text.length; i++) {
    if (!isLetterAt(text, i) || isWordByte(text.charCodeAt(i - 1)) || !startsCommand(text, i)) continue
    const end = nameEnd(text, i)
    const next = byName.get(text.slice(i, end))
    if (next && hasArgument(text, end, next, i === 0))
      return place('Windows command', i, Math.min(text.length, end + 2), from)
    i = end
  }
  return undefined
}

const byName: ReadonlyMap<string, readonly string[]> = new Map(commands.map(([name, ...next]) => [name, next]))

/** Words of sentences need more than to stand at the start of one. */
const everyday = new Set(['set', 'for', 'net', 'type', 'dir', 'copy', 'del', 'ping', 'timeout', 'reg', 'cmd'])

interface Folded {
  readonly text: ByteString
  readonly from: Int32Array
}

/** Lower case, without what these shells drop inside of words. */
function fold(value: ByteString): Folded {
  const from = new Int32Array(value.length + 1)
  let text = ''
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    const isInner = isWordByte(value.charCodeAt(i - 1)) && isWordByte(value.charCodeAt(i + 1))
    if (c === 0x5e || (isInner && (c === 0x60 || c === 0x22))) continue
    from[text.length] = i
    text += value.charAt(i).toLowerCase()
  }
  from[text.length] = value.length
  return { text, from }
}

function nameEnd(text: ByteString, at: number): number {
  let i = at
  while (
    i < text.length &&
    i - at < 32 &&
    (isWordByte(text.charCodeAt(i)) || text.charAt(i) === '-' || text.charAt(i) === '.')
  )
    i++
  return i
}

function startsCommand(text: ByteString, at: number): boolean {
  let i = at - 1
  while (
    i >= 0 &&
    (text.charAt(i) === ' ' || text.charAt(i) === '\t' || text.charAt(i) === '"' || text.charAt(i) === "'")
  )
    i--
  return i < 0 || ';|&\n\r({=@'.includes(text.charAt(i))
}

function hasArgument(text: ByteString, end: number, next: readonly string[], isFirst: boolean): boolean {
  let i = end
  while (text.charAt(i) === ' ' || text.charAt(i) === '\t') i++
  const rest = text.slice(i, i + 24)
  if (rest === '') return next.includes('\0')
  const name = text.slice(0, end)
  return (
    next.some(head => (head === '' ? i > end || rest.startsWith('(') : rest.startsWith(head))) &&
    !(isFirst && everyday.has(name) && isPlainWord(rest))
  )
}

/** `net user guide`, `set /a` apart: a word, then letters. */
function isPlainWord(rest: ByteString): boolean {
  return isWordByte(rest.charCodeAt(0)) && !rest.includes('/') && !rest.includes(':') && !rest.includes('\\')
}

function isLetterAt(text: ByteString, at: number): boolean {
  const c = text.charCodeAt(at)
  return c >= 0x61 && c <= 0x7a
}

function lineCount(value: ByteString): number {
  let lines = 1
  for (let at = value.indexOf('\n'); at >= 0 && lines <= maxLines; at = value.indexOf('\n', at + 1)) lines++
  return lines
}

function place(reason: string, start: number, end: number, from: Int32Array): Detection {
  return { reason, start: from[start] ?? 0, end: (from[end - 1] ?? 0) + 1 }
}
