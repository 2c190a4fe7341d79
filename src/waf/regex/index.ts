// Front door of the regex engine: pattern in, `Regex` or an error with an offset out. Parsing happens at once so that
// errors come at load; automata are built when a value first asks for them.

import type { ByteString } from '../../lib/bytes.ts'
import { isAnchored, type Node } from './ast.ts'
import { LazyDfa } from './dfa.ts'
import { type AlphabetIndex, buildNfa, countStates, createAlphabet, hasRoomForAssertions, maxNfaStates } from './nfa.ts'
import { type ParsedRegex, parseRegex } from './parse.ts'
import { PikeVm } from './pike.ts'
import type { CompileRegexResult, Regex, RegexOptions } from './types.ts'

export function compileRegex(pattern: ByteString, options: RegexOptions = {}): CompileRegexResult {
  const result = parseRegex(pattern, options)
  if (!result.ok) return result
  const { parsed } = result
  if (parsed.irregular !== undefined) return { ok: false, ...parsed.irregular }
  if (countStates(parsed.node) > maxNfaStates) {
    return { ok: false, message: `pattern needs more than ${maxNfaStates} states`, offset: 0 }
  }
  const alphabet = createAlphabet(parsed.node)
  if (!hasRoomForAssertions(alphabet)) return { ok: false, message: 'too many possessive quantifiers', offset: 0 }
  return { ok: true, regex: new LinearRegex(pattern, parsed, alphabet) }
}

class LinearRegex implements Regex {
  readonly source: ByteString
  readonly groupCount: number
  private readonly node: Node
  private readonly alphabet: AlphabetIndex
  private search: LazyDfa | undefined
  private starts: LazyDfa | undefined
  private captures: PikeVm | undefined

  constructor(source: ByteString, parsed: ParsedRegex, alphabet: AlphabetIndex) {
    this.source = source
    this.groupCount = parsed.groupCount
    this.node = parsed.node
    this.alphabet = alphabet
  }

  test(input: ByteString): boolean {
    if (this.search === undefined) {
      this.search = new LazyDfa(buildNfa(this.node, this.alphabet, false, false), false, !isAnchored(this.node))
    }
    return this.search.test(input)
  }

  exec(input: ByteString, from = 0): Int32Array | undefined {
    if (!this.test(input)) return undefined
    this.starts ??= new LazyDfa(buildNfa(this.node, this.alphabet, true, false), true, true)
    const start = this.starts.leftmostStart(input, from)
    if (start === -1) return undefined
    this.captures ??= new PikeVm(buildNfa(this.node, this.alphabet, false, true), this.groupCount)
    return this.captures.matchAt(input, start)
  }
}
