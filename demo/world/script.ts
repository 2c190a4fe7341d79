// Runs the small language of script-parse.ts. Values live in a world of their own (Map for an object, ScriptFunction for
// a function), so no host object, prototype or module is reachable from a script, whatever it says. Steps are counted.

import { type Node, parseExpression, parseStatements, type Statement } from './script-parse.ts'

export type Value = undefined | null | boolean | number | string | readonly Value[] | ScriptObject | ScriptFunction
export type ScriptObject = Map<string, Value>

export class ScriptFunction {
  readonly name: string
  readonly call: (args: readonly Value[], self: Value) => Value

  constructor(name: string, call: (args: readonly Value[], self: Value) => Value) {
    this.name = name
    this.call = call
  }
}

const maxSteps = 20_000
const maxText = 65_536

/** Evaluates an expression with these global names. @throws SyntaxError, TypeError, ReferenceError or RangeError */
export function evaluateScript(source: string, globals: ScriptObject): Value {
  return new Run(globals).evaluate(parseExpression(source), globals)
}

export function showValue(value: Value): string {
  if (value === undefined || value === null) return String(value)
  if (value instanceof ScriptFunction) return `function ${value.name}() { [code] }`
  if (Array.isArray(value)) return value.map(showValue).join(',')
  if (value instanceof Map) return JSON.stringify(toJson(value))
  return String(value)
}

/** Plain data of a script value: functions are left out. */
export function toJson(value: Value): unknown {
  if (value instanceof ScriptFunction) return undefined
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, toJson(item)]))
  return Array.isArray(value) ? value.map(toJson) : value
}

export function fromJson(data: unknown): Value {
  if (Array.isArray(data)) return data.map(fromJson)
  if (typeof data === 'object' && data !== null)
    return new Map(Object.entries(data).map(([key, item]) => [key, fromJson(item)]))
  if (typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean') return data
  return data === null ? null : undefined
}

type Scope = ScriptObject

class Run {
  readonly #globals: ScriptObject
  readonly #functionMaker: ScriptFunction
  #steps = 0

  constructor(globals: ScriptObject) {
    this.#globals = globals
    // What makes `anything.constructor.constructor('return …')()` work, as in a real JavaScript template engine.
    this.#functionMaker = new ScriptFunction('Function', args => {
      const body = parseStatements(showValue(args.at(-1)))
      return new ScriptFunction('anonymous', () => this.#body(body, new Map(this.#globals)))
    })
  }

  evaluate(node: Node, scope: Scope): Value {
    if (++this.#steps > maxSteps) throw new RangeError('script takes too many steps')
    switch (node.kind) {
      case 'literal':
        return node.value
      case 'name':
        return this.#lookUp(node.name, scope)
      case 'member':
        return this.#member(this.evaluate(node.object, scope), showValue(this.evaluate(node.key, scope)))
      case 'call':
        return this.#call(node.callee, node.args, scope)
      case 'unary':
        return unary(node.operator, this.evaluate(node.value, scope))
      case 'binary':
        return this.#binary(node.operator, node.left, node.right, scope)
      case 'choice':
        return this.evaluate(node.test, scope) ? this.evaluate(node.yes, scope) : this.evaluate(node.no, scope)
      case 'array':
        return node.items.map(item => this.evaluate(item, scope))
      case 'object':
        return new Map(node.entries.map(([key, item]) => [key, this.evaluate(item, scope)]))
      case 'function':
        return new ScriptFunction('anonymous', args => {
          const inner = new Map(scope)
          node.params.forEach((param, index) => {
            inner.set(param, args[index])
          })
          return this.#body(node.body, inner)
        })
    }
  }

  #body(statements: readonly Statement[], scope: Scope): Value {
    for (const { kind, name, value } of statements) {
      const result = this.evaluate(value, scope)
      if (kind === 'return') return result
      if (kind === 'declare') scope.set(name, result)
    }
    return undefined
  }

  #lookUp(name: string, scope: Scope): Value {
    if (scope.has(name)) return scope.get(name)
    if (name === 'this' || name === 'global' || name === 'globalThis') return this.#globals
    if (name === 'Function') return this.#functionMaker
    throw new ReferenceError(`${name} is not defined`)
  }

  #call(callee: Node, args: readonly Node[], scope: Scope): Value {
    const self = callee.kind === 'member' ? this.evaluate(callee.object, scope) : this.#globals
    const target =
      callee.kind === 'member'
        ? this.#member(self, showValue(this.evaluate(callee.key, scope)))
        : this.evaluate(callee, scope)
    if (!(target instanceof ScriptFunction)) throw new TypeError('not a function')
    const values = args.map(arg => this.evaluate(arg, scope))
    return target.call(values, self)
  }

  #member(object: Value, key: string): Value {
    if (object === undefined || object === null) throw new TypeError(`cannot read ${key} of ${object}`)
    if (object instanceof Map && object.has(key)) return object.get(key)
    if (key === 'constructor') return object instanceof ScriptFunction ? this.#functionMaker : constructorOf(object)
    if (key === 'toString') return new ScriptFunction('toString', () => showValue(object))
    if (typeof object === 'string' || Array.isArray(object)) return listMember(object, key)
    return undefined
  }

  #binary(operator: string, left: Node, right: Node, scope: Scope): Value {
    const a = this.evaluate(left, scope)
    if (operator === '&&') return a ? this.evaluate(right, scope) : a
    if (operator === '||') return a ? a : this.evaluate(right, scope)
    const b = this.evaluate(right, scope)
    if (operator === '+' && !(typeof a === 'number' && typeof b === 'number'))
      return bounded(showValue(a) + showValue(b))
    return compute(operator, a, b)
  }
}

function constructorOf(object: Value): Value {
  const name = Array.isArray(object) ? 'Array' : typeof object
  return new ScriptFunction(name, args => args[0])
}

function listMember(object: string | readonly Value[], key: string): Value {
  if (key === 'length') return object.length
  if (/^\d+$/.test(key)) return object[Number(key)]
  if (typeof object === 'string') {
    if (key === 'toUpperCase') return new ScriptFunction(key, () => object.toUpperCase())
    if (key === 'toLowerCase') return new ScriptFunction(key, () => object.toLowerCase())
    if (key === 'trim') return new ScriptFunction(key, () => object.trim())
    if (key === 'includes') return new ScriptFunction(key, args => object.includes(showValue(args[0])))
    if (key === 'startsWith') return new ScriptFunction(key, args => object.startsWith(showValue(args[0])))
    return undefined
  }
  if (key === 'join')
    return new ScriptFunction(key, args => bounded(object.map(showValue).join(showValue(args[0] ?? ','))))
  return undefined
}

function unary(operator: string, value: Value): Value {
  if (operator === '!') return !value
  if (operator === 'typeof') return value instanceof ScriptFunction ? 'function' : typeof value
  return operator === '-' ? -Number(value) : Number(value)
}

function compute(operator: string, a: Value, b: Value): Value {
  switch (operator) {
    case '==':
      return a === b || showValue(a) === showValue(b)
    case '!=':
      return !(a === b || showValue(a) === showValue(b))
    case '===':
      return a === b
    case '!==':
      return a !== b
    case '+':
      return Number(a) + Number(b)
    case '-':
      return Number(a) - Number(b)
    case '*':
      return Number(a) * Number(b)
    case '/':
      return Number(a) / Number(b)
    case '%':
      return Number(a) % Number(b)
    default:
      return order(operator, typeof a === 'string' ? a : Number(a), typeof b === 'string' ? b : Number(b))
  }
}

function order(operator: string, a: string | number, b: string | number): boolean {
  if (operator === '<') return a < b
  if (operator === '>') return a > b
  return operator === '<=' ? a <= b : a >= b
}

function bounded(text: string): string {
  if (text.length > maxText) throw new RangeError('text is too long')
  return text
}
