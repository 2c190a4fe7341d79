// Reads the raw bytes of one request as a server would, for running tests without a socket: request line, header lines,
// body by length or chunks. It judges nothing but what listen/framing.ts can't see in split parts (bare line feeds, a
// body that never ends); it is no server's parser and nothing but test files is fed to it.

import type { ByteString } from '../lib/bytes.ts'

export interface WireRequest {
  readonly method: ByteString
  readonly target: ByteString
  readonly protocol: ByteString
  /** Flat: [name, value, …]. */
  readonly headers: readonly ByteString[]
  readonly body: ByteString
  /** A server would wait for the rest. */
  readonly incomplete: string | undefined
  /** A server would refuse the bytes before it had a request. */
  readonly malformed: string | undefined
}

export function readRequest(bytes: ByteString): WireRequest {
  const end = /\r?\n\r?\n/.exec(bytes)
  const head = end ? bytes.slice(0, end.index) : bytes
  const rest = end ? bytes.slice(end.index + end[0].length) : ''
  const [line = '', ...lines] = head.split(/\r?\n/)
  const headers: ByteString[] = []
  for (const text of lines) {
    const colon = text.indexOf(':')
    if (colon < 0) headers.push(text, '')
    else headers.push(text.slice(0, colon), trim(text.slice(colon + 1)))
  }
  const bareLineFeed = /(?<!\r)\n/.test(end ? head + end[0] : head)
  const body = readBody(headers, rest)
  return {
    ...splitLine(line),
    headers,
    body: body.bytes,
    incomplete: end ? body.incomplete : 'the header never ends',
    malformed: bareLineFeed ? 'a line of the header ends without CR' : body.malformed,
  }
}

/** First word, last word, and what is between them, spaces included: framing refuses those. */
function splitLine(line: ByteString): { method: ByteString; target: ByteString; protocol: ByteString } {
  const first = line.indexOf(' ')
  if (first < 0) return { method: line, target: '', protocol: '' }
  const last = line.lastIndexOf(' ')
  if (last === first) return { method: line.slice(0, first), target: line.slice(first + 1), protocol: '' }
  return { method: line.slice(0, first), target: line.slice(first + 1, last), protocol: line.slice(last + 1) }
}

interface WireBody {
  readonly bytes: ByteString
  readonly incomplete?: string
  readonly malformed?: string
}

function readBody(headers: readonly ByteString[], rest: ByteString): WireBody {
  const value = (lowerName: string) => {
    for (let i = 0; i < headers.length; i += 2) if (headers[i]?.toLowerCase() === lowerName) return headers[i + 1]
    return undefined
  }
  if (value('transfer-encoding')?.toLowerCase().includes('chunked')) return readChunks(rest)
  const length = value('content-length')
  // What follows a request without a length is the next request, not its body.
  if (length === undefined || !/^\d{1,15}$/.test(length)) return { bytes: '' }
  const bytes = rest.slice(0, Number(length))
  return bytes.length < Number(length)
    ? { bytes, incomplete: `the body has ${rest.length} of ${length} bytes` }
    : { bytes }
}

function readChunks(rest: ByteString): WireBody {
  let bytes = ''
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return { bytes, incomplete: 'the chunks never end' }
    const size = /^[0-9a-f]{1,8}(?=$|[;\s])/i.exec(rest.slice(at, lineEnd))
    if (!size) return { bytes, malformed: 'a chunk without a size' }
    const length = Number.parseInt(size[0], 16)
    at = lineEnd + 2
    if (length === 0) return { bytes }
    if (rest.length < at + length + 2) return { bytes: bytes + rest.slice(at), incomplete: 'the chunks never end' }
    bytes += rest.slice(at, at + length)
    at += length + 2
  }
}

function trim(value: ByteString): ByteString {
  return value.replace(/^[ \t]+|[ \t]+$/g, '')
}
