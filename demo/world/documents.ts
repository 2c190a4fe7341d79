// Queries over documents as MongoDB has them: a filter is an object, and an object as value may hold operators. A route
// that passes the client's JSON through lets the client choose the operators: NoSQL injection.

import { evaluateScript, fromJson, type ScriptObject } from './script.ts'

export type Document = Readonly<Record<string, unknown>>

/** @throws Error for an unknown operator or a bad expression */
export function findDocuments(documents: readonly Document[], filter: unknown, globals: ScriptObject): Document[] {
  if (typeof filter !== 'object' || filter === null) throw new Error('filter must be an object')
  const conditions = Object.entries(filter)
  return documents.filter(document => conditions.every(([key, want]) => matches(document, key, want, globals)))
}

function matches(document: Document, key: string, want: unknown, globals: ScriptObject): boolean {
  if (key === '$where') return evaluateWhere(document, String(want), globals)
  if (key === '$or' || key === '$and') {
    const results = Array.isArray(want) ? want.map(part => findDocuments([document], part, globals).length > 0) : []
    return key === '$or' ? results.includes(true) : !results.includes(false)
  }
  const have = Object.hasOwn(document, key) ? document[key] : undefined
  if (typeof want !== 'object' || want === null) return have === want
  return Object.entries(want).every(([operator, value]) => compare(operator, have, value))
}

function compare(operator: string, have: unknown, want: unknown): boolean {
  switch (operator) {
    case '$eq':
      return have === want
    case '$ne':
      return have !== want
    case '$gt':
      return String(have) > String(want ?? '')
    case '$gte':
      return String(have) >= String(want ?? '')
    case '$lt':
      return String(have) < String(want ?? '')
    case '$in':
      return Array.isArray(want) && want.includes(have)
    case '$nin':
      return Array.isArray(want) && !want.includes(have)
    case '$exists':
      return (have !== undefined) === Boolean(want)
    case '$regex':
      return matchesPattern(String(have), String(want))
    default:
      throw new Error(`unknown operator ${operator}`)
  }
}

/** A pattern of literals, `.`, `.*` and anchors, matched without the backtracking engine: it comes from the client. */
function matchesPattern(text: string, pattern: string): boolean {
  const source = (pattern.startsWith('^') ? pattern.slice(1) : `.*${pattern}`).slice(0, 200)
  const tokens = (source.endsWith('$') ? source.slice(0, -1) : `${source}.*`).match(/\.\*|\\?[\s\S]/g) ?? []
  let places = new Set([0])
  for (const token of tokens) {
    const next = new Set<number>()
    for (const at of places) {
      if (token === '.*') for (let i = at; i <= text.length; i++) next.add(i)
      else if (at < text.length && (token === '.' || token.at(-1) === text.charAt(at))) next.add(at + 1)
    }
    places = next
  }
  return places.has(text.length)
}

function evaluateWhere(document: Document, source: string, globals: ScriptObject): boolean {
  const scope = new Map(globals).set('this', fromJson(document))
  const body = /^\s*function\b/.test(source) ? `(${source})()` : source.replace(/^\s*return\b/, '').replace(/;\s*$/, '')
  return Boolean(evaluateScript(body, scope))
}
