// Parses the small JavaScript-like language in which the demo's templates, filters and revived functions are written.
// It exists so that code injection is real (attacker text is parsed and run) while nothing of this process is in reach.

import { type Token, tokenize } from './script-tokens.ts'

export type Node =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null | undefined }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly object: Node; readonly key: Node }
  | { readonly kind: 'call'; readonly callee: Node; readonly args: readonly Node[] }
  | { readonly kind: 'unary'; readonly operator: string; readonly value: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'choice'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Node])[] }
  | { readonly kind: 'function'; readonly params: readonly string[]; readonly body: readonly Statement[] }

export interface Statement {
  readonly kind: 'return' | 'declare' | 'run'
  readonly name: string
  readonly value: Node
}

const maxDepth = 100

const precedence: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '===': 3,
  '!==': 3,
  '<': 4,
  '>': 4,
  '<=': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
}

const words: Readonly<Record<string, Node>> = {
  true: { kind: 'literal', value: true },
  false: { kind: 'literal', value: false },
  null: { kind: 'literal', value: null },
  undefined: { kind: 'literal', value: undefined },
}

/** @throws SyntaxError when the text is no expression of the language. */
export function parseExpression(source: string): Node {
  const parser = new Parser(source)
  const node = parser.expression()
  parser.expectEnd()
  return node
}

/** Parses statements as in the body of a function. @throws SyntaxError */
export function parseStatements(source: string): readonly Statement[] {
  const parser = new Parser(source)
  const statements = parser.statements()
  parser.expectEnd()
  return statements
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(source: string) {
    this.#tokens = tokenize(source)
  }

  expectEnd(): void {
    const token = this.#tokens[this.#at]
    if (token) throw new SyntaxError(`unexpected ${token.text}`)
  }

  statements(): Statement[] {
    const statements: Statement[] = []
    while (this.#at < this.#tokens.length && !this.#sees('}')) {
      if (this.#take(';')) continue
      statements.push(this.#statement())
    }
    return statements
  }

  expression(): Node {
    if (++this.#depth > maxDepth) throw new SyntaxError('nested too deeply')
    const test = this.#binary(0)
    let node = test
    if (this.#take('?')) {
      const yes = this.expression()
      this.#expect(':')
      node = { kind: 'choice', test, yes, no: this.expression() }
    }
    this.#depth--
    return node
  }

  #statement(): Statement {
    if (this.#takeName('return')) {
      if (this.#sees(';') || this.#sees('}') || this.#at >= this.#tokens.length)
        return { kind: 'return', name: '', value: { kind: 'literal', value: undefined } }
      return { kind: 'return', name: '', value: this.expression() }
    }
    if (this.#takeName('var') || this.#takeName('let') || this.#takeName('const')) {
      const name = this.#name()
      this.#expect('=')
      return { kind: 'declare', name, value: this.expression() }
    }
    return { kind: 'run', name: '', value: this.expression() }
  }

  #binary(floor: number): Node {
    let left = this.#unary()
    for (;;) {
      const operator = this.#tokens[this.#at]
      const level = operator?.kind === 'sign' ? precedence[operator.text] : undefined
      if (operator === undefined || level === undefined || level <= floor) return left
      this.#at++
      left = { kind: 'binary', operator: operator.text, left, right: this.#binary(level) }
    }
  }

  #unary(): Node {
    for (const operator of ['!', '-', '+']) {
      if (this.#take(operator)) return this.#nested(() => ({ kind: 'unary', operator, value: this.#unary() }))
    }
    if (this.#takeName('typeof'))
      return this.#nested(() => ({ kind: 'unary', operator: 'typeof', value: this.#unary() }))
    this.#takeName('new')
    return this.#postfix(this.#primary())
  }

  #nested(parse: () => Node): Node {
    if (++this.#depth > maxDepth) throw new SyntaxError('nested too deeply')
    const node = parse()
    this.#depth--
    return node
  }

  #postfix(start: Node): Node {
    let node = start
    for (;;) {
      if (this.#take('.')) node = { kind: 'member', object: node, key: { kind: 'literal', value: this.#name() } }
      else if (this.#take('[')) {
        node = { kind: 'member', object: node, key: this.expression() }
        this.#expect(']')
      } else if (this.#take('(')) node = { kind: 'call', callee: node, args: this.#list(')') }
      else return node
    }
  }

  #primary(): Node {
    const token = this.#tokens[this.#at++]
    if (!token) throw new SyntaxError('unexpected end')
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) }
    if (token.kind === 'string') return { kind: 'literal', value: token.text }
    if (token.kind === 'name') return token.text === 'function' ? this.#function() : this.#word(token.text)
    if (token.text === '[') return { kind: 'array', items: this.#list(']') }
    if (token.text === '{') return this.#object()
    if (token.text !== '(') throw new SyntaxError(`unexpected ${token.text}`)
    if (this.#take(')')) {
      this.#expect('=>')
      return this.#arrow([])
    }
    const inner = this.expression()
    this.#expect(')')
    return inner
  }

  #word(name: string): Node {
    if (this.#take('=>')) return this.#arrow([name])
    return Object.hasOwn(words, name) ? (words[name] ?? { kind: 'name', name }) : { kind: 'name', name }
  }

  #arrow(params: readonly string[]): Node {
    if (this.#take('{')) return { kind: 'function', params, body: this.#block() }
    return { kind: 'function', params, body: [{ kind: 'return', name: '', value: this.expression() }] }
  }

  #function(): Node {
    if (!this.#sees('(')) this.#name()
    this.#expect('(')
    const params: string[] = []
    while (!this.#take(')')) {
      params.push(this.#name())
      this.#take(',')
    }
    this.#expect('{')
    return { kind: 'function', params, body: this.#block() }
  }

  #block(): Statement[] {
    if (++this.#depth > maxDepth) throw new SyntaxError('nested too deeply')
    const body = this.statements()
    this.#expect('}')
    this.#depth--
    return body
  }

  #object(): Node {
    const entries: [string, Node][] = []
    while (!this.#take('}')) {
      const key = this.#tokens[this.#at++]
      if (!key || key.kind === 'sign') throw new SyntaxError('expected a key')
      this.#expect(':')
      entries.push([key.text, this.expression()])
      this.#take(',')
    }
    return { kind: 'object', entries }
  }

  #list(end: string): Node[] {
    const items: Node[] = []
    while (!this.#take(end)) {
      items.push(this.expression())
      if (!this.#sees(end)) this.#expect(',')
    }
    return items
  }

  #name(): string {
    const token = this.#tokens[this.#at++]
    if (token?.kind !== 'name') throw new SyntaxError('expected a name')
    return token.text
  }

  #sees(sign: string): boolean {
    const token = this.#tokens[this.#at]
    return token?.kind === 'sign' && token.text === sign
  }

  #take(sign: string): boolean {
    if (!this.#sees(sign)) return false
    this.#at++
    return true
  }

  #takeName(name: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'name' || token.text !== name) return false
    this.#at++
    return true
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new SyntaxError(`expected ${sign}`)
  }
}
