// pm, pmFromFile and pmf: any of many phrases, without regard to case, in one pass.

import { type ByteString, bufferToBytes } from '../../lib/bytes.ts'
import { createMatcher, type LiteralMatcher } from '../match/aho-corasick.ts'
import { hexPair } from '../transforms/characters.ts'
import { capture, fileNames, ok } from './argument.ts'
import type {
  CompileContext,
  CompileOperatorResult,
  Operator,
  OperatorArgument,
  OperatorCall,
  OperatorDefinition,
} from './types.ts'

export const pm: OperatorDefinition = {
  name: 'pm',
  summary: 'Any of the words of the argument occurs in the value, in any case. |41 42| gives bytes in hexadecimal.',
  compile: argument => phrases(parsePhrases(argument.text)),
}

export const pmFromFile: OperatorDefinition = {
  name: 'pmFromFile',
  summary: 'Any line of the files occurs in the value, in any case. Lines that start with # are comments.',
  compile: fromFile,
}

export const pmf: OperatorDefinition = { name: 'pmf', summary: 'The same as pmFromFile.', compile: fromFile }

/** Its `literals` let the rule compiler scan a value once for many rules. */
export class PhraseOperator implements Operator {
  readonly literals: readonly ByteString[]
  readonly #matcher: LiteralMatcher

  constructor(literals: readonly ByteString[]) {
    this.literals = literals
    this.#matcher = createMatcher(literals, { caseInsensitive: true })
  }

  test(value: ByteString, call: OperatorCall): boolean {
    const match = this.#matcher.firstMatch(value)
    if (!match) return false
    capture(call, value, match.start, match.end)
    return true
  }
}

function phrases(list: readonly ByteString[]): CompileOperatorResult {
  const literals = [...new Set(list)].filter(literal => literal !== '')
  if (literals.length === 0) return { ok: false, message: 'no phrase to look for' }
  return ok(new PhraseOperator(literals))
}

function fromFile(argument: OperatorArgument, context: CompileContext): CompileOperatorResult {
  const list: ByteString[] = []
  const names = fileNames(argument)
  if (names.length === 0) return { ok: false, message: 'expected a file name' }
  for (const name of names) {
    let text: ByteString
    try {
      text = bufferToBytes(context.files.read(context.files.resolve(context.ruleFile, name)))
    } catch {
      return { ok: false, message: `can't read ${name}`, offset: argument.text.indexOf(name) }
    }
    for (const line of text.split('\n')) {
      const phrase = line.endsWith('\r') ? line.slice(0, -1) : line
      // Spaces at the ends belong to the phrase: the rule set's files of error messages rely on them.
      if (phrase.trim() !== '' && !phrase.trimStart().startsWith('#')) list.push(decodeHexRuns(phrase) ?? phrase)
    }
  }
  return phrases(list)
}

/** Words between white space. `"…"` around all of it, `\` before `: ; \ "`, and |hex| are Snort's; else it is literal. */
function parsePhrases(text: ByteString): ByteString[] {
  const trimmed = text.trim()
  const quoted = trimmed.length >= 2 && trimmed.startsWith('"') && trimmed.endsWith('"')
  const content = quoted ? trimmed.slice(1, -1) : trimmed
  const decoded = decodeContent(content) ?? text
  return decoded.split(/[ \t\n\v\f\r]+/).filter(word => word !== '')
}

function decodeContent(content: ByteString): ByteString | undefined {
  const plain = decodeHexRuns(content)
  if (plain === undefined || !plain.includes('\\')) return plain
  let out = ''
  for (let i = 0; i < plain.length; i++) {
    const c = plain.charAt(i)
    if (c !== '\\') out += c
    else if (i + 1 < plain.length && ':;\\"'.includes(plain.charAt(i + 1))) out += plain.charAt(++i)
    else return undefined
  }
  return out
}

/** Replaces each `|41 42|` by its bytes; undefined when something between bars is not hexadecimal. */
function decodeHexRuns(text: ByteString): ByteString | undefined {
  let out = ''
  let at = 0
  for (;;) {
    const open = text.indexOf('|', at)
    if (open < 0) return out + text.slice(at)
    const close = text.indexOf('|', open + 1)
    if (close < 0) return undefined
    const digits = text.slice(open + 1, close).replaceAll(' ', '')
    if (digits === '' || digits.length % 2 === 1) return undefined
    out += text.slice(at, open)
    for (let i = 0; i < digits.length; i += 2) {
      const byte = hexPair(digits.charCodeAt(i), digits.charCodeAt(i + 1))
      if (byte < 0) return undefined
      out += String.fromCharCode(byte)
    }
    at = close + 1
  }
}
