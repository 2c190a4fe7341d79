// Finds what looks secret in text that is about to be stored or printed: credentials, tokens, card numbers. It runs in
// the worker, before an event leaves it, on text that is already bounded; every pattern is linear on such text.

/** Replaces what is masked. Stable, so that people can search for it. */
export const masked = '[masked]'

const secretHeaders = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  'x-amz-security-token',
  'x-csrf-token',
  'x-xsrf-token',
])

const secretName =
  /pass(?:wo?rd|wd|phrase|code)?$|^pw[dx]?$|pwd|passw|secret|token$|^tok$|api[-_.]?key|access[-_.]?key|private[-_.]?key|credential|^auth$|authorization|session(?:[-_.]?id)?$|^sid$|jwt|^pin$|otp$|cvv|cvc|card[-_.]?(?:no|num)|signature$|^sig$/i

/** Whether a parameter, JSON key or XML element of this name (`user[token]`, `user.pin`, `a:pin`) holds a secret. */
function isSecretName(name: string): boolean {
  const end = name.slice(-64)
  if (secretName.test(end)) return true
  const last = end.split(/[.:[\]]/).findLast(part => !/^\d*$/.test(part))
  return last !== undefined && secretName.test(last)
}

/** Whether the variable that a rule matched (`REQUEST_HEADERS:Authorization`, `ARGS:password`) is secret as a whole. */
export function isSecretPlace(where: string): boolean {
  const colon = where.indexOf(':')
  if (colon < 0) return false
  const collection = where.slice(0, colon).toUpperCase()
  if (collection.endsWith('_NAMES')) return false
  const key = where.slice(colon + 1)
  if (collection.endsWith('HEADERS')) return secretHeaders.has(key.toLowerCase()) || isSecretName(key)
  if (collection === 'REQUEST_COOKIES') return true
  return isSecretName(key) || (collection === 'LAYERS' && isSecretPlace(key)) // what stood in that place, decoded
}

export interface Span {
  readonly start: number
  readonly end: number
}

const headerLine =
  /\b(?:proxy-)?authorization["']?\s{0,4}[:=][^\r\n]{1,2048}|\b(?:set-)?cookie["']?\s{0,4}:[^\r\n]{1,2048}|\b(?:bearer|basic)\s{1,4}[\w.~+/=-]{8,2048}/gi
const knownToken = new RegExp(
  [
    /\beyJ[\w-]{4,2048}\.[\w-]{2,2048}(?:\.[\w-]{0,2048})?/, // JWT
    /\b(?:gh[opsu]_|github_pat_|glpat-|xox[abpr]-|sk_live_|sk-|rk_live_|AKIA|ASIA|AIza|npm_|pypi-)[\w-]{12,255}/,
    /\bm(?:k_[a-z0-9]{1,12}|cs)_[0-9A-Za-z]{12,64}(?:_[0-9A-Za-z]{1,8})?/, // API keys and client secrets of ours
    /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]{0,4096}/,
    /:\/\/[^\s/:@]{0,128}:[^\s/@]{1,128}@/, // user:password@ in a URL
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)
const cardNumber = /(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])/g

/** Parts of the text that must not be stored, sorted and without overlap. */
export function findSecrets(text: string): Span[] {
  const spans: Span[] = []
  findPairs(text, spans)
  findElements(text, spans)
  findMatches(headerLine, text, spans)
  findMatches(knownToken, text, spans)
  if (/\d{4}/.test(text)) {
    for (const match of text.matchAll(cardNumber)) {
      if (isCardNumber(match[0])) spans.push({ start: match.index, end: match.index + match[0].length })
    }
  }
  return spans.length === 0 ? spans : merge(spans)
}

export function maskText(text: string): string {
  let result = ''
  let at = 0
  for (const { start, end } of findSecrets(text)) {
    result += text.slice(at, start) + masked
    at = end
  }
  return result + text.slice(at)
}

function findMatches(pattern: RegExp, text: string, spans: Span[]): void {
  for (const match of text.matchAll(pattern)) spans.push({ start: match.index, end: match.index + match[0].length })
}

const separator = /[=:]|%3[ad]/gi
const nameBefore = /((?:[\w.\-[\]]|%[0-9a-f]{2}){1,64})(?:["']|\\")?\s{0,4}$/i
const quotedAfter = /\s{0,4}("|'|%2[27]|\\")((?:(?!\1)(?:\\.|[^\r\n])){0,2048})/iy
const plainAfter = /\s{0,4}([^\s&;,"'}\]]{1,2048})/y
const nameWindow = 64 + 8
const element = /<([\w:.-]{1,64})(?:\s[^<>]{0,256})?>(?:<!\[CDATA\[)?([^<]{1,2048})/g

/** Values of name=value and "name":"value", in queries, forms, cookies and JSON, also when percent-encoded. */
function findPairs(text: string, spans: Span[]): void {
  for (const { index, 0: sign } of text.matchAll(separator)) {
    const name = nameBefore.exec(text.slice(Math.max(0, index - nameWindow), index))?.[1]
    if (name === undefined || !isSecretName(plainName(name))) continue
    for (const [pattern, group] of [
      [quotedAfter, 2],
      [plainAfter, 1],
    ] as const) {
      pattern.lastIndex = index + sign.length
      const value = pattern.exec(text)?.[group]
      if (value === undefined) continue
      const end = pattern.lastIndex
      if (value !== '') spans.push({ start: end - value.length, end })
      break
    }
  }
}

/** Of `%7B%22user%5Bpin%5D%22` it is `user[pin]`. */
function plainName(name: string): string {
  if (!name.includes('%')) return name
  const decoded = name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return /([\w.\-[\]]+)["']?$/.exec(decoded)?.[1] ?? ''
}

/** `<password>…` */
function findElements(text: string, spans: Span[]): void {
  for (const { index, 0: whole, 1: name = '', 2: value = '' } of text.matchAll(element)) {
    const end = index + whole.length
    if (isSecretName(name)) spans.push({ start: end - value.length, end })
  }
}

/** Luhn's check, and a first digit that card networks use. */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/[ -]/g, '')
  if (!/^[2-6]/.test(digits)) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

function merge(spans: Span[]): Span[] {
  spans.sort((a, b) => a.start - b.start)
  const merged: Span[] = []
  for (const span of spans) {
    const last = merged.at(-1)
    if (last && span.start <= last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) }
    else merged.push(span)
  }
  return merged
}
