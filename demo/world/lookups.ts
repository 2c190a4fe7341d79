// The shop's logger formats lines as a well-known Java logger did until 2021: `${…}` in the *data* is resolved, nested
// ones first, and `${jndi:…}` asks a naming service for an object.

import { shellEnvironment } from './shell.ts'

const maxLookups = 30

/** The line with all look-ups resolved. `lookUp` makes the call to the naming service. */
export async function formatLogLine(line: string, lookUp: (name: string) => Promise<string>): Promise<string> {
  let text = line.slice(0, 8_192)
  for (let count = 0; count < maxLookups; count++) {
    const end = innermostEnd(text)
    if (end < 0) break
    const start = text.lastIndexOf('${', end)
    const value = await resolve(text.slice(start + 2, end), lookUp)
    text = text.slice(0, start) + value + text.slice(end + 1)
  }
  return text
}

/** The first `}` that closes a `${`. */
function innermostEnd(text: string): number {
  const open = text.indexOf('${')
  return open < 0 ? -1 : text.indexOf('}', open)
}

async function resolve(expression: string, lookUp: (name: string) => Promise<string>): Promise<string> {
  const [name, fallback] = splitDefault(expression)
  const colon = name.indexOf(':')
  const prefix = name.slice(0, Math.max(0, colon)).toLowerCase()
  const key = name.slice(colon + 1)
  if (prefix === 'lower') return key.toLowerCase()
  if (prefix === 'upper') return key.toUpperCase()
  if (prefix === 'env' && Object.hasOwn(shellEnvironment, key)) return shellEnvironment[key] ?? ''
  if (prefix === 'sys' && key === 'user.name') return 'www-data'
  if (prefix === 'jndi') return lookUp(key)
  return fallback ?? ''
}

/** `name:-default`. */
function splitDefault(expression: string): [string, string | undefined] {
  const at = expression.indexOf(':-')
  return at < 0 ? [expression, undefined] : [expression.slice(0, at), expression.slice(at + 2)]
}
