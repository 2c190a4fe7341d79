// Cuts rule text into directives and their words. Apache's conventions: `#` starts a comment line, a backslash at the
// end of a line joins it to the next, words are bare, "double" or 'single' quoted. As in ModSecurity 3 a backslash
// inside quotes escapes the quote alone; every other backslash is left to the regular expression it belongs to. One
// exception: four in a row are two, as Apache reads them. Rules written for Apache need four to mean one backslash
// (CRS 3: 920460, 941330, 954100), while `[\\/]` is meant as ModSecurity 3 reads it (CRS 3: 930100).

import type { ByteString } from '../../lib/bytes.ts'
import type { ProblemList, RuleText } from './source.ts'

export interface Word {
  readonly text: ByteString
  readonly quoted: boolean
  /** Pairs [offset in the word, offset in the text] where the distance between the two changes, ascending. */
  readonly pieces: readonly number[]
}

export interface RawDirective {
  readonly source: RuleText
  readonly name: ByteString
  readonly words: readonly Word[]
  /** Of the name, and the end of the last word. */
  readonly start: number
  readonly end: number
}

/** Where a character of a word stands in its text. */
export function offsetInText(word: Word, offset: number): number {
  let i = word.pieces.length - 2
  while (i > 0 && (word.pieces[i] ?? 0) > offset) i -= 2
  return (word.pieces[i + 1] ?? 0) + offset - (word.pieces[i] ?? 0)
}

const tab = 0x09
const newline = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const hash = 0x23
const backslash = 0x5c

export function readDirectives(source: RuleText, problems: ProblemList): RawDirective[] {
  const directives: RawDirective[] = []
  const reader = new Reader(source, problems)
  while (reader.toNextDirective()) {
    const start = reader.at
    const name = reader.word()
    const words: Word[] = []
    let end = reader.at
    while (reader.toNextWord()) {
      words.push(reader.word())
      end = reader.at
    }
    directives.push({ source, name: name.text, words, start, end })
  }
  return directives
}

class Reader {
  at = 0
  readonly #source: RuleText
  readonly #text: ByteString
  readonly #problems: ProblemList

  constructor(source: RuleText, problems: ProblemList) {
    this.#source = source
    this.#text = source.text
    this.#problems = problems
    if (source.text.startsWith('\xef\xbb\xbf')) this.at = 3
  }

  /** Skips blank lines and comments; false at the end of the text. */
  toNextDirective(): boolean {
    const text = this.#text
    while (this.at < text.length) {
      const c = text.charCodeAt(this.at)
      if (c === hash) {
        const end = text.indexOf('\n', this.at)
        this.at = end < 0 ? text.length : end + 1
      } else if (isBlank(c) || c === newline) this.at++
      else if (c === backslash && this.#lineBreakAfter(this.at) > 0) this.at = this.#lineBreakAfter(this.at)
      else return true
    }
    return false
  }

  /** Skips blanks and joined lines; false at the end of the directive. */
  toNextWord(): boolean {
    const text = this.#text
    while (this.at < text.length) {
      const c = text.charCodeAt(this.at)
      if (c === newline) return false
      if (isBlank(c)) this.at++
      else if (c === backslash && this.#lineBreakAfter(this.at) > 0) this.at = this.#lineBreakAfter(this.at)
      else return true
    }
    return false
  }

  word(): Word {
    const quote = this.#text[this.at]
    return quote === '"' || quote === "'" ? this.#quoted(quote) : this.#bare()
  }

  #quoted(quote: string): Word {
    const text = this.#text
    const open = this.at
    let out = ''
    let from = open + 1
    const pieces = [0, from]
    const skipTo = (next: number, keepFrom: number) => {
      out += text.slice(from, keepFrom)
      from = next
      pieces.push(out.length, from)
    }
    for (let i = from; ; i++) {
      const c = text[i]
      if (c === quote) {
        this.at = i + 1
        if (this.at < text.length && !isBlank(text.charCodeAt(this.at)) && text[this.at] !== '\n') {
          this.#checkAfterQuote(quote)
        }
        return { text: out + text.slice(from, i), quoted: true, pieces }
      }
      if (c === undefined || c === '\n') {
        this.#problems.add(this.#source.problem(open, 'unterminated-quote', `the ${quote} is never closed on its line`))
        this.at = i
        return { text: out + text.slice(from, i), quoted: true, pieces }
      }
      if (c !== '\\') continue
      const next = this.#lineBreakAfter(i)
      if (next > 0) {
        skipTo(next, i)
        i = next - 1
      } else if (text.startsWith('\\\\\\\\', i)) {
        skipTo(i + 4, i + 2)
        i += 3
      } else if (text[i + 1] === quote) {
        skipTo(i + 1, i)
        i++
      }
    }
  }

  #checkAfterQuote(quote: string): void {
    if (this.#lineBreakAfter(this.at) > 0) return
    const message = `text right after the closing ${quote}`
    const hint = `write \\${quote} for a quote inside`
    this.#problems.add(this.#source.problem(this.at, 'text-after-quote', message, hint))
  }

  #bare(): Word {
    const text = this.#text
    const from = this.at
    let i = from
    for (; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (isBlank(c) || c === newline || (c === backslash && this.#lineBreakAfter(i) > 0)) break
    }
    this.at = i
    return { text: text.slice(from, i), quoted: false, pieces: [0, from] }
  }

  /** Where the next line starts when the backslash at `i` is the last character of its line, else 0. */
  #lineBreakAfter(i: number): number {
    const text = this.#text
    if (text.charCodeAt(i) !== backslash) return 0
    if (text.charCodeAt(i + 1) === newline) return i + 2
    return text.charCodeAt(i + 1) === carriageReturn && text.charCodeAt(i + 2) === newline ? i + 3 : 0
  }
}

function isBlank(c: number): boolean {
  return c === space || c === tab || c === carriageReturn
}
