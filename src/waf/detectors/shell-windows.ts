// Commands of PowerShell and cmd, as these read them: in any case, with backticks, carets and quotes inside of words.
// A name counts where a command stands: at the start, behind a separator or an opening bracket; and with an argument.

import type { ByteString } from '../../lib/bytes.ts'
import { isLetter, isWordByte } from './reading.ts'
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

/** Names that tell wherever they stand, each with a byte that values without it are spared the search by. */
const anywhere = [
  ...['.downloadstring(', '.downloadfile(', 'frombase64string(', '-encodedcommand', '%comspec%', 'wscript.shell'],
  ...['[system.diagnostics.process]::start', '[system.reflection.assembly]::'],
]

export function detectWindowsCommand(value: ByteString): Detection | undefined {
  if (value.length > maxBytes || value.length < 5 || lineCount(value) > maxLines) return undefined
  return byName(value) ?? known(value)
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
  const mayBe =
    value.includes('(') ||
    value.includes('%') ||
    value.includes(']::') ||
    value.includes('-e') ||
    value.includes('-E') ||
    value.includes('cript')
  if (!mayBe) return undefined
  const text = value.toLowerCase()
  for (const name of anywhere) {
    const at = text.indexOf(name)
    if (at >= 0) return { reason: 'Windows command', start: at, end: at + name.length }
  }
  return undefined
}

function lineCount(value: ByteString): number {
  let lines = 1
  for (let at = value.indexOf('\n'); at >= 0 && lines <= maxLines; at = value.indexOf('\n', at + 1)) lines++
  return lines
}
