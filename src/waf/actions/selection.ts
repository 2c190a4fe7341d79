// Rules chosen by id, tag or message: `ctl:ruleRemoveById=920100-920199`, `SecRuleRemoveByTag attack-sqli`. The choice is
// worked out once, when all rules are loaded, so that removing rules from a transaction is setting some bytes.

import type { ByteString } from '../../lib/bytes.ts'
import { compileRegex } from '../regex/index.ts'

/** What a rule can be chosen by. */
export interface Selectable {
  readonly id: number
  readonly tags: readonly ByteString[]
  /** The msg as written, macros unexpanded. */
  readonly message: ByteString
}

export interface RuleSelection {
  readonly matches: (rule: Selectable) => boolean
  /** For the complaint about a choice that chooses nothing. */
  readonly text: string
  /** Of the chosen rules; filled in when all rules are known. */
  indexes: readonly number[]
}

/** `1`, `1-5`, and lists of these parted by commas or blanks. */
export function selectById(text: ByteString): RuleSelection | undefined {
  const ranges: { from: number; to: number }[] = []
  for (const part of text.split(/[\s,]+/)) {
    if (part === '') continue
    const match = /^"?(\d{1,10})(?:-(\d{1,10}))?"?$/.exec(part)
    if (!match) return undefined
    const from = Number(match[1])
    const to = match[2] === undefined ? from : Number(match[2])
    if (to < from) return undefined
    ranges.push({ from, to })
  }
  if (ranges.length === 0) return undefined
  const matches = (rule: Selectable) => ranges.some(range => rule.id >= range.from && rule.id <= range.to)
  return { matches, text: `id ${text}`, indexes: [] }
}

export function selectByTag(text: ByteString): RuleSelection {
  const accepts = textMatcher(text)
  return { matches: rule => rule.tags.some(accepts), text: `tag ${text}`, indexes: [] }
}

export function selectByMessage(text: ByteString): RuleSelection {
  const accepts = textMatcher(text)
  return { matches: rule => rule.message !== '' && accepts(rule.message), text: `msg ${text}`, indexes: [] }
}

/**
 * ModSecurity 3 compares the whole text, its manual and ModSecurity 2 speak of a regular expression. Plain text is
 * compared whole; text that holds an operator of regular expressions is one as well.
 */
function textMatcher(text: ByteString): (candidate: ByteString) => boolean {
  const regex = /[\\^$*+?|[(]/.test(text) ? compileRegex(text) : undefined
  const compiled = regex?.ok ? regex.regex : undefined
  return candidate => candidate === text || (compiled?.test(candidate) ?? false)
}
