// The engine's own regular expressions: PCRE syntax over bytes, in time linear in the input.
// `test` runs a lazy DFA whose memory is capped, or simulates the automaton where the DFA needs too many states; `exec`
// finds capture groups with a Pike VM after a match. Lookaround, backreferences and atomic groups are beyond automata:
// they run in a backtracker with a step bound, and only on values that a loosened pattern matches. Recursion, conditions,
// verbs and \p are refused at load time with an offset.

import type { ByteString } from '../../lib/bytes.ts'
import type { Node } from './ast.ts'

export interface RegexOptions {
  /** `(?i)`: folds A-Z and a-z alone, bytes as PCRE does without UTF mode. */
  readonly caseInsensitive?: boolean
  /** `(?s)`: dot matches newline. */
  readonly dotAll?: boolean
  /** `(?m)`: `^` and `$` match at line breaks (\n alone). */
  readonly multiline?: boolean
}

export type CompileRegexResult =
  | { readonly ok: true; readonly regex: Regex }
  | { readonly ok: false; readonly message: string /** into the pattern */; readonly offset: number }

export interface Regex {
  readonly source: ByteString
  /** Groups without the whole match. */
  readonly groupCount: number
  /** What the literal extraction of ../match works on. Matches at least what the pattern matches. */
  readonly ast: Node
  test(input: ByteString): boolean
  /** Leftmost match with PCRE's priorities: [start, end, start1, end1, …], -1 for a group that took no part. */
  exec(input: ByteString, from?: number): Int32Array | undefined
}
