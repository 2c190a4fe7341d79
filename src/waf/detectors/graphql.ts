// detectGraphql: whether a GraphQL document asks for more than a client needs: nesting without end, one field many times
// under aliases or in a batch, fragments that contain each other, heaps of directives, the schema itself. It counts
// braces and names; it is no parser, and what it counts holds for broken documents, too.

import type { ByteString } from '../../lib/bytes.ts'
import type { Detection } from './types.ts'

/** Bounds far above the documents of real front ends, which stay below a third of them. */
const bounds = { depth: 18, repeated: 12, directives: 24, fragments: 200 }
const maxBytes = 256 * 1024

export function detectGraphql(value: ByteString): Detection | undefined {
  if (!startsDocument(value)) return undefined
  return new Reader(value.slice(0, maxBytes)).read()
}

/** `{`, `[` of a batch, a comment, or the first word of a definition. */
function startsDocument(value: ByteString): boolean {
  if (!value.includes('{')) return false
  let at = 0
  for (;;) {
    while (value.charCodeAt(at) <= 0x20 || value.charAt(at) === ',') at++
    if (value.charAt(at) !== '#') break
    const lineEnd = value.indexOf('\n', at)
    if (lineEnd < 0) return false
    at = lineEnd
  }
  if (value.charAt(at) === '{') return opensSelection(value, at + 1)
  return ['query', 'mutation', 'subscription', 'fragment'].some(word => value.startsWith(word, at))
}

/** A field follows, or a spread; JSON, a template and code go on differently. */
function opensSelection(value: ByteString, from: number): boolean {
  let at = from
  while (value.charCodeAt(at) <= 0x20) at++
  if (value.startsWith('...', at)) return true
  const first = at
  while (isName(value.charCodeAt(at))) at++
  while (value.charCodeAt(at) === 0x20) at++
  if (at === first) return false
  const next = value.charAt(at)
  return next !== '=' && next !== '.' && next !== ';' && next !== "'" && next !== '"' && next !== ','
}

const introspection = new Set(['__schema', '__type'])

class Reader {
  readonly #value: ByteString
  #at = 0
  #depth = 0
  #parentheses = 0
  #directives = 0
  /** How often a field stands under an alias, by its name. */
  readonly #aliased = new Map<ByteString, number>()
  /** Fragments that each fragment spreads. */
  readonly #spreads = new Map<ByteString, Set<ByteString>>()
  #fragment: ByteString | undefined
  #before = ''
  #beforeStart = 0
  #alias = false

  constructor(value: ByteString) {
    this.#value = value
  }

  read(): Detection | undefined {
    const value = this.#value
    while (this.#at < value.length) {
      const c = value.charCodeAt(this.#at)
      const start = this.#at
      if (c === 0x22) this.#string()
      else if (c === 0x23) this.#comment()
      else if (isName(c)) {
        const found = this.#name(this.#word(), start)
        if (found) return found
      } else {
        const found = this.#punctuation(c, start)
        if (found) return found
        this.#at++
      }
    }
    return this.#cycle()
  }

  #punctuation(c: number, start: number): Detection | undefined {
    if (c === 0x7b && this.#parentheses === 0) {
      if (++this.#depth > bounds.depth) return this.#detection('nesting', 0, start + 1)
    } else if (c === 0x7d && this.#parentheses === 0) {
      this.#depth--
      if (this.#depth <= 0) this.#fragment = undefined
    } else if (c === 0x28) this.#parentheses++
    else if (c === 0x29) this.#parentheses = Math.max(0, this.#parentheses - 1)
    else if (c === 0x40) {
      if (++this.#directives > bounds.directives) return this.#detection('directives', 0, start + 1)
    } else if (c === 0x3a && this.#parentheses === 0) this.#alias = true
    else if (c === 0x2e && this.#value.startsWith('...', start)) {
      this.#at += 2
      this.#before = '...'
      return undefined
    }
    if (c > 0x20 && c !== 0x3a) this.#before = ''
    return undefined
  }

  #name(word: ByteString, start: number): Detection | undefined {
    const before = this.#before
    this.#before = word
    if (this.#parentheses > 0) return undefined
    if (this.#depth > 0 && introspection.has(word)) return this.#detection('introspection', start, this.#at)
    if (before === '...') {
      if (word !== 'on' && this.#fragment !== undefined) this.#spreads.get(this.#fragment)?.add(word)
      return undefined
    }
    if (this.#depth === 0 && before === 'fragment') {
      this.#fragment = word
      this.#spreads.set(word, new Set())
      if (this.#spreads.size > bounds.fragments) return this.#detection('fragments', 0, this.#at)
    }
    if (this.#alias) {
      this.#alias = false
      const count = (this.#aliased.get(word) ?? 0) + 1
      this.#aliased.set(word, count)
      if (count > (word === '__typename' ? 2 : bounds.repeated))
        return this.#detection('one field many times', this.#beforeStart, this.#at)
    }
    this.#beforeStart = start
    return undefined
  }

  #word(): ByteString {
    const start = this.#at
    while (this.#at < this.#value.length && isName(this.#value.charCodeAt(this.#at))) this.#at++
    return this.#value.slice(start, this.#at)
  }

  #string(): void {
    const value = this.#value
    const quote = value.startsWith('"""', this.#at) ? '"""' : '"'
    this.#at += quote.length
    while (this.#at < value.length && !value.startsWith(quote, this.#at))
      this.#at += value.charAt(this.#at) === '\\' ? 2 : 1
    this.#at += quote.length
  }

  #comment(): void {
    const lineEnd = this.#value.indexOf('\n', this.#at)
    this.#at = lineEnd < 0 ? this.#value.length : lineEnd
  }

  /** A fragment that spreads itself, at once or through others. */
  #cycle(): Detection | undefined {
    for (const name of this.#spreads.keys()) {
      const reached = new Set<ByteString>()
      const open = [name]
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        for (const spread of this.#spreads.get(next) ?? []) {
          if (spread === name) return this.#detection('circular fragments', 0, this.#value.length)
          if (!reached.has(spread)) open.push(spread)
          reached.add(spread)
        }
      }
    }
    return undefined
  }

  #detection(reason: string, start: number, end: number): Detection {
    return { reason, start, end }
  }
}

function isName(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === 0x5f
}
