// The grammar of nginx.conf: words that end in `;` or in a block. What the words mean is nginx.ts's business.

import type { Place, Report } from './setup.ts'

export interface NginxNode {
  readonly name: string
  readonly args: readonly string[]
  /** Of each argument. */
  readonly argPlaces: readonly Place[]
  readonly children: readonly NginxNode[] | undefined
  readonly place: Place
}

const maxDepth = 32

export function parseNginx(file: string, text: string, report: Report): NginxNode[] {
  return new Parser(file, text, report).block(0)
}

class Parser {
  readonly #file: string
  readonly #text: string
  readonly #report: Report
  #at = 0
  #line = 1

  constructor(file: string, text: string, report: Report) {
    this.#file = file
    this.#text = text
    this.#report = report
  }

  block(depth: number): NginxNode[] {
    const nodes: NginxNode[] = []
    while (this.#skip()) {
      const c = this.#text[this.#at]
      if (c === '}') {
        this.#at++
        if (depth > 0) return nodes
        this.#report.add(this.#place(), 'a } too many')
        continue
      }
      if (c === ';') {
        this.#at++
        continue
      }
      nodes.push(this.#node(depth))
    }
    if (depth > 0) this.#report.add(this.#place(), 'a } is missing')
    return nodes
  }

  #node(depth: number): NginxNode {
    const place = this.#place()
    const words: string[] = []
    const places: Place[] = []
    let children: NginxNode[] | undefined
    while (this.#skip()) {
      const c = this.#text[this.#at]
      if (c === '}') break
      if (c === ';') {
        this.#at++
        break
      }
      if (c === '{') {
        this.#at++
        if (depth < maxDepth) children = this.block(depth + 1)
        else {
          this.#report.add(place, 'nested too deep, nothing behind it is read')
          this.#at = this.#text.length
        }
        break
      }
      places.push(this.#place())
      words.push(c === '"' || c === "'" ? this.#quoted(c) : this.#bare())
    }
    const [name = '', ...args] = words
    return { name, args, argPlaces: places.slice(1), children, place }
  }

  /** Inside quotes a backslash takes the meaning of quotes and backslashes; elsewhere it stays. */
  #quoted(quote: string): string {
    const text = this.#text
    let word = ''
    this.#at++
    while (this.#at < text.length) {
      const c = text[this.#at] ?? ''
      if (c === quote) {
        this.#at++
        return word
      }
      if (c === '\n') this.#line++
      const next = text[this.#at + 1] ?? ''
      if (c === '\\' && (next === '"' || next === "'" || next === '\\')) {
        word += next
        this.#at += 2
      } else {
        word += c
        this.#at++
      }
    }
    this.#report.add(this.#place(), `a ${quote} is never closed`)
    return word
  }

  #bare(): string {
    const text = this.#text
    const from = this.#at
    let inVariable = false
    for (; this.#at < text.length; this.#at++) {
      const c = text[this.#at] ?? ''
      if (c === '{' && text[this.#at - 1] === '$') inVariable = true
      else if (c === '}' && inVariable) inVariable = false
      else if (c === '\\') this.#at++
      else if (/[\s;{}]/.test(c)) break
    }
    return text.slice(from, this.#at)
  }

  /** Skips blanks and comments; false at the end. */
  #skip(): boolean {
    const text = this.#text
    while (this.#at < text.length) {
      const c = text[this.#at] ?? ''
      if (c === '#') {
        const end = text.indexOf('\n', this.#at)
        this.#at = end < 0 ? text.length : end
      } else if (/\s/.test(c)) {
        if (c === '\n') this.#line++
        this.#at++
      } else return true
    }
    return false
  }

  #place(): Place {
    return { file: this.#file, line: this.#line }
  }
}
