// JSON where two readers can't see two things: an object, no key twice, bounded nesting.

/** The object in a JSON text, or undefined when it is none, says a key twice or is nested deeper than `depthMax`. */
export function parseStrictObject(text: string, depthMax: number): Readonly<Record<string, unknown>> | undefined {
  // Before it is parsed: the parser calls itself for each level.
  if (!hasPlainKeys(text, depthMax)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Looks at the tokens alone: whether the text is JSON is the parser's business. */
function hasPlainKeys(text: string, depthMax: number): boolean {
  const open: (Set<string> | undefined)[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x7b || c === 0x5b) {
      if (open.push(c === 0x7b ? new Set() : undefined) > depthMax) return false
    } else if (c === 0x7d || c === 0x5d) open.pop()
    else if (c === 0x22) {
      const end = endOfString(text, i)
      if (end < 0) return false
      const keys = open.at(-1)
      if (keys && isBeforeColon(text, end + 1)) {
        const key = keyOf(text.slice(i, end + 1))
        if (key === undefined || keys.has(key)) return false
        keys.add(key)
      }
      i = end
    }
  }
  return true
}

function isBeforeColon(text: string, from: number): boolean {
  let i = from
  while (text.charCodeAt(i) === 0x20 || (text.charCodeAt(i) >= 0x09 && text.charCodeAt(i) <= 0x0d)) i++
  return text.charCodeAt(i) === 0x3a
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5c) i++
    else if (c === 0x22) return i
  }
  return -1
}

/** As the parser will read it: `\u0061` and `a` are one key. */
function keyOf(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return undefined
  }
}
