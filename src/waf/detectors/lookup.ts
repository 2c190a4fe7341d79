// detectLookup: expressions that a logging library or a configuration evaluates: `${jndi:ldap://…}`, and any nesting of
// `${lower:j}`, `${::-n}`, `${env:X:-d}` that comes to that. The expression is evaluated as the library would, with the
// values of variables unknown, and judged by what it has become.

import type { ByteString } from '../../lib/bytes.ts'
import type { Detection } from './types.ts'

/** Nesting beyond this is an attack on the reader itself. */
const maxDepth = 16
/** What is read of one expression. */
const maxBytes = 2048
/** Expressions looked at in one value. */
const maxExpressions = 64

/** Prefixes whose evaluation reaches out, or gives something of the server away. */
const reaching = new Set(['jndi', 'script', 'dns', 'url', 'rmi', 'ldap'])
const telling = new Set(
  'env sys java ctx main k8s docker spring bundle web log4j map sd hostname base64 date file const base64decoder base64encoder urldecoder urlencoder resourcebundle properties xml localhost'.split(
    ' ',
  ),
)

export function detectLookup(value: ByteString): Detection | undefined {
  let expressions = 0
  for (let at = value.indexOf('$'); at >= 0 && expressions < maxExpressions; at = value.indexOf('$', at + 1)) {
    const open = openingAt(value, at)
    if (open === 0) continue
    expressions++
    const reader = new Reader(value, at + maxBytes)
    const text = reader.expression(at + open, 1)
    const reason = reader.isTooDeep ? 'nested without end' : judge(text, reader.isHidden)
    if (reason) return { reason, start: at, end: Math.min(reader.at, value.length) }
  }
  return undefined
}

/** Length of `${`, also when a backslash or two stand between, which some layers drop; 0 when it is none. */
function openingAt(value: ByteString, at: number): number {
  let i = at + 1
  while (i < at + 3 && value.charCodeAt(i) === 0x5c) i++
  return value.charCodeAt(i) === 0x7b ? i + 1 - at : 0
}

function judge(text: ByteString, isHidden: boolean): string | undefined {
  const colon = text.indexOf(':')
  const prefix = (colon < 0 ? text : text.slice(0, colon)).trim().toLowerCase()
  if (colon >= 0 && reaching.has(prefix)) return `lookup of ${prefix}`
  if (prefix.length > 4 && prefix.includes('jndi')) return 'lookup of jndi'
  if (isHidden) return 'hidden lookup'
  return (colon >= 0 && telling.has(prefix)) || prefix === 'hostname' ? `lookup of ${prefix}` : undefined
}

class Reader {
  at = 0
  isTooDeep = false
  /** A part of the expression is the default of a lookup of nothing, or one letter in another case. */
  isHidden = false
  readonly #value: ByteString
  readonly #end: number

  constructor(value: ByteString, end: number) {
    this.#value = value
    this.#end = Math.min(end, value.length)
  }

  /** What stands between the braces, with the expressions in it evaluated. */
  expression(from: number, depth: number): ByteString {
    const value = this.#value
    if (depth > maxDepth) {
      this.isTooDeep = true
      this.at = this.#end
      return ''
    }
    let out = ''
    let i = from
    while (i < this.#end && !this.isTooDeep) {
      const c = value.charCodeAt(i)
      if (c === 0x7d) break
      if (c === 0x5c) {
        i++
        continue
      }
      const open = c === 0x24 ? openingAt(value, i) : 0
      if (open > 0) {
        out += this.#evaluate(this.expression(i + open, depth + 1))
        i = this.at
        continue
      }
      out += value.charAt(i++)
    }
    this.at = i + 1
    return out
  }

  #evaluate(text: ByteString): ByteString {
    const fallback = text.indexOf(':-')
    if (fallback >= 0) {
      if (text.length - fallback - 2 <= 4) this.isHidden = true
      return text.slice(fallback + 2)
    }
    const colon = text.indexOf(':')
    const prefix = text.slice(0, Math.max(0, colon)).toLowerCase()
    const rest = text.slice(colon + 1)
    if (prefix === 'lower' || prefix === 'upper') {
      if (rest.length <= 4) this.isHidden = true
      return prefix === 'lower' ? rest.toLowerCase() : rest.toUpperCase()
    }
    if (prefix === 'date' || prefix === 'base64') return rest.replaceAll("'", '')
    return ''
  }
}
