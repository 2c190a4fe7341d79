// What the engine makes of a request target, of headers and of a body: the parts that variables read.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import { parseJson } from '../bodies/json.ts'
import { parseMultipart } from '../bodies/multipart.ts'
import type { BodyError, FlatArguments } from '../bodies/types.ts'
import { parseUrlEncoded } from '../bodies/urlencoded.ts'
import { parseXml } from '../bodies/xml.ts'
import type { Placements } from '../types.ts'
import type { State } from '../variables/state.ts'
import { placementBits, Value } from '../variables/value.ts'

/** Splits the target; the path and REQUEST_URI are percent-decoded once and lose scheme, host and fragment. */
export function takeTarget(state: State, target: ByteString): void {
  state.target = target
  const fragment = target.indexOf('#')
  const plain = withoutAuthority(fragment < 0 ? target : target.slice(0, fragment))
  const question = plain.indexOf('?')
  state.hasQuery = question >= 0
  state.query = question < 0 ? '' : plain.slice(question + 1)
  state.uri = decodePercent(plain)
  state.path = question < 0 ? state.uri : decodePercent(plain.slice(0, question))
  if (state.query !== '') {
    addFormArguments(state, state.query, 'query')
    state.queryArgumentCount = state.arguments.length
  }
}

/** `http://host/path` → `/path` (RFC 9112, absolute-form). */
function withoutAuthority(target: ByteString): ByteString {
  if (target.charCodeAt(0) === 0x2f) return target
  const scheme = target.indexOf('://')
  if (scheme <= 0 || scheme > 16) return target
  const slash = target.indexOf('/', scheme + 3)
  const question = target.indexOf('?', scheme + 3)
  if (slash >= 0 && (question < 0 || slash < question)) return target.slice(slash)
  return question < 0 ? '/' : `/${target.slice(question)}`
}

/** Decodes %XX and leaves everything else, `+` too. */
function decodePercent(text: ByteString): ByteString {
  let percent = text.indexOf('%')
  if (percent < 0) return text
  let out = ''
  let from = 0
  for (; percent >= 0; percent = text.indexOf('%', percent)) {
    const high = hexDigit(text.charCodeAt(percent + 1))
    const low = hexDigit(text.charCodeAt(percent + 2))
    if (high < 0 || low < 0) {
      percent++
      continue
    }
    out += text.slice(from, percent) + String.fromCharCode(high * 16 + low)
    percent += 3
    from = percent
  }
  return out + text.slice(from)
}

function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  const lower = c | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function addFormArguments(state: State, text: ByteString, place: 'query' | 'body'): void {
  const { argumentSeparator, arguments: most } = state.settings
  const parsed = parseUrlEncoded(text, argumentSeparator, most - state.arguments.length)
  if (parsed.invalidEscapes > 0) state.urlEncodedError = true
  addArguments(state, parsed.arguments, place)
  if (parsed.isCut) state.limitExceeded ??= `more than ${most} arguments`
}

function addArguments(state: State, flat: FlatArguments, place: 'query' | 'body'): void {
  for (let i = 0; i + 1 < flat.length; i += 2) addArgument(state, flat[i] ?? '', flat[i + 1] ?? '', place)
}

function addArgument(state: State, name: ByteString, value: ByteString, place: 'query' | 'body'): void {
  const argument = new Value('ARGS', name, value)
  if (state.placements !== undefined) placeValue(state.placements, argument, place, name)
  state.arguments.push(argument)
  state.argumentBytes += name.length + value.length
}

function placeValue(
  placements: Placements,
  value: Value,
  place: 'query' | 'header' | 'cookie' | 'body',
  name: ByteString,
): void {
  const placement = placements.of(place, name, value.value)
  if (placement !== undefined) value.placement = placementBits[placement]
}

const cookieName = 'cookie'
const contentTypeName = 'content-type'

/** Keeps a header, and what the engine needs of some. */
export function takeRequestHeader(state: State, name: ByteString, value: ByteString): void {
  state.forgetHeaderIndex()
  const header = new Value('REQUEST_HEADERS', name, value)
  if (state.placements !== undefined) placeValue(state.placements, header, 'header', lowerAscii(name))
  state.requestHeaders.push(header)
  state.requestHeaderNames.push(new Value('REQUEST_HEADERS_NAMES', name, name))
  const lower = name.length <= 13 ? lowerAscii(name) : ''
  if (lower === cookieName) takeCookies(state, value)
  else if (lower === 'host') state.host = hostWithoutPort(value)
  else if (lower === 'authorization') state.authorization = value
  else if (lower === contentTypeName) {
    state.contentType = value
    const type = lowerAscii(value)
    if (type.startsWith('multipart/form-data')) state.bodyProcessor = 'MULTIPART'
    else if (type.startsWith('application/x-www-form-urlencoded')) state.bodyProcessor = 'URLENCODED'
  }
}

function hostWithoutPort(host: ByteString): ByteString {
  const bracket = host.startsWith('[') ? host.indexOf(']') : -1
  const colon = host.indexOf(':', bracket + 1)
  return colon < 0 ? host : host.slice(0, colon)
}

/** Blanks before a name and after the last value do not count; a pair without a name is dropped; nothing is decoded. */
function takeCookies(state: State, header: ByteString): void {
  const { cookieSeparator: separator, arguments: most } = state.settings
  let end = header.length
  while (end > 0 && isBlank(header.charCodeAt(end - 1))) end--
  for (let from = 0; from < end; ) {
    const next = header.indexOf(separator, from)
    const stop = next < 0 || next > end ? end : next
    let start = from
    while (start < stop && isBlank(header.charCodeAt(start))) start++
    const equals = header.indexOf('=', start)
    const nameEnd = equals < 0 || equals > stop ? stop : equals
    if (nameEnd > start) {
      if (state.cookies.length >= most) {
        state.limitExceeded ??= `more than ${most} cookies`
        return
      }
      const name = header.slice(start, nameEnd)
      const cookie = new Value('REQUEST_COOKIES', name, nameEnd < stop ? header.slice(nameEnd + 1, stop) : '')
      if (state.placements !== undefined) placeValue(state.placements, cookie, 'cookie', name)
      state.cookies.push(cookie)
      state.cookieNames.push(new Value('REQUEST_COOKIES_NAMES', name, name))
    }
    from = stop + 1
  }
}

function isBlank(c: number): boolean {
  return c === 0x20 || (c >= 9 && c <= 13)
}

/** Parses the body, or the start of it that there is, with the processor that Content-Type or a rule chose. */
export function takeRequestBody(state: State, bytes: Buffer, isCut: boolean): void {
  const body = bytes.toString('latin1')
  state.requestBody = body
  const limit = state.settings.requestFieldsLimitBytes
  if (state.bodyProcessor !== 'MULTIPART' && state.bodyProcessor !== '' && body.length > limit) {
    state.requestBodyTruncated = true
    state.bodyError = 'Request body excluding files is bigger than the maximum expected.'
    return
  }
  switch (state.bodyProcessor) {
    case 'URLENCODED':
      addFormArguments(state, body, 'body')
      break
    case 'JSON':
      takeJson(state, body, bytes, isCut)
      break
    case 'XML':
      takeXml(state, body, isCut)
      break
    case 'MULTIPART':
      takeMultipart(state, body)
      break
    default:
  }
}

function fail(state: State, what: string, error: BodyError | undefined): void {
  if (!error) return
  state.bodyError = `${what} parsing error: ${error.message}`
  if (error.isLimit) state.limitExceeded ??= error.message
}

/** The longest token that a cut can leave incomplete: an escaped pair of surrogates. */
const cutTokenBytes = 12

function takeJson(state: State, body: ByteString, bytes: Buffer, isCut: boolean): void {
  if (body === '') return
  const parsed = parseJson(body, state.settings, bytes)
  state.jsonDuplicateKey = parsed.duplicateKey
  addArguments(state, parsed.arguments, 'body')
  const isOfCut = isCut && parsed.error !== undefined && parsed.error.offset > body.length - cutTokenBytes
  if (!isOfCut) fail(state, 'JSON', parsed.error)
}

function takeXml(state: State, body: ByteString, isCut: boolean): void {
  const parsed = parseXml(body, state.settings, isCut)
  state.xmlText = parsed.text
  state.xmlAttributes = parsed.attributes
  state.xmlDoctype = parsed.hasDoctype ? parsed.doctype : undefined
  fail(state, 'XML', parsed.error)
}

function takeMultipart(state: State, body: ByteString): void {
  const { settings } = state
  const parsed = parseMultipart(body, state.contentType, settings)
  state.parts = parsed.parts
  state.multipartFlags = parsed.flags
  let fieldBytes = 0
  let files = 0
  for (const part of parsed.parts) {
    if (part.filename !== undefined) files++
    // filename="" is a file for some servers and a field for others (Go): rules see it as both.
    if (part.filename === undefined || part.filename === '') {
      addArgument(state, part.name, part.value, 'body')
      fieldBytes += part.value.length
    }
  }
  if (files > settings.uploadFiles) parsed.flags.fileLimitExceeded = true
  if (fieldBytes > settings.requestFieldsLimitBytes) {
    state.requestBodyTruncated = true
    state.bodyError = 'Request body excluding files is bigger than the maximum expected.'
  } else fail(state, 'Multipart', parsed.error)
}
