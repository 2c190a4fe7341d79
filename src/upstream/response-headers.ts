// The headers that come from the upstream: end-to-end ones alone (RFC 9110 §7.6.1), and only if they are what HTTP
// allows. An upstream that sends line breaks or other controls in a value does not get to write to our client.

import { HeaderList } from '../pipeline/headers.ts'
import { connectionOptions } from './request-headers.ts'

const hopByHop = new Set(['connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade'])

/** What no trailer may say (RFC 9110 §6.5.1): framing, routing, authentication, and what a client acts on early. */
const noTrailer = new Set([
  ...hopByHop,
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'trailer',
  'host',
  'location',
  'set-cookie',
  'authorization',
  'www-authenticate',
  'cache-control',
  'age',
  'expires',
  'vary',
  'x-request-id',
])

const badName = /[^!#$%&'*+\-.^_`|~\w]/
const badValue = /[^\t\x20-\x7e\x80-\xff]/

/** Flat and end-to-end; undefined when the response can't be passed on. */
export function responseHeaders(raw: readonly Uint8Array[]): string[] | undefined {
  return endToEndHeaders(decode(raw))
}

/** The same of lines that are text already. */
export function endToEndHeaders(lines: readonly string[]): string[] | undefined {
  if (!areHttp(lines)) return undefined
  const headers = new HeaderList(lines)
  const coding = headers.get('transfer-encoding')
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') return undefined
  const listed = connectionOptions(headers)
  const out: string[] = []
  for (let i = 0; i < headers.count; i++) {
    const name = headers.nameAt(i)
    if (hopByHop.has(name) || name.startsWith('proxy-')) continue
    if (listed?.includes(name) && name !== 'content-length' && name !== 'set-cookie') continue
    out.push(headers.raw[i * 2] ?? '', headers.valueAt(i))
  }
  return out
}

/** Flat. Trailers that are no trailers, or not HTTP, are dropped: the response is over, nothing better can be done. */
export function responseTrailers(raw: readonly Uint8Array[] | undefined): string[] {
  return raw === undefined || raw.length === 0 ? [] : endToEndTrailers(decode(raw))
}

/** The same of lines that are text already. */
export function endToEndTrailers(lines: readonly string[]): string[] {
  const out: string[] = []
  if (!areHttp(lines)) return out
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] ?? ''
    if (!noTrailer.has(name.toLowerCase())) out.push(name, lines[i + 1] ?? '')
  }
  return out
}

/** The reason phrase, if it is one that HTTP allows. */
export function reasonPhrase(text: string): string {
  return badValue.test(text) ? '' : text
}

function decode(raw: readonly Uint8Array[]): string[] {
  const lines = new Array<string>(raw.length)
  for (let i = 0; i < raw.length; i++) lines[i] = Buffer.prototype.latin1Slice.call(raw[i])
  return lines
}

function areHttp(lines: readonly string[]): boolean {
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    if (i % 2 === 0 ? line === '' || badName.test(line) : badValue.test(line)) return false
  }
  return true
}
