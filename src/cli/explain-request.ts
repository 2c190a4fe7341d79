// The request that `merlon explain` is about: a row of NDJSON, or a raw HTTP request as a file or a paste has it.

import { readRequest } from '../ftw/wire.ts'
import { parseRow } from '../inspect/row.ts'
import { type ByteString, bufferToBytes, bytesToBuffer } from '../lib/bytes.ts'
import { checkFraming } from '../listen/framing.ts'

export interface ExplainedRequest {
  readonly method: ByteString
  readonly target: ByteString
  readonly protocol: string
  /** Flat: [name, value, …]. */
  readonly headers: readonly ByteString[]
  readonly body: Uint8Array
  /** What strict framing says against it. */
  readonly framing: { readonly code: string; readonly detail: string } | undefined
  /** What was put right so that it is a request. */
  readonly notes: readonly string[]
}

/** @returns a sentence when it is no request */
export function readExplained(input: Uint8Array): ExplainedRequest | string {
  const text = bufferToBytes(input)
  return text.trimStart().startsWith('{') ? fromRow(input) : fromRaw(text)
}

function fromRow(input: Uint8Array): ExplainedRequest | string {
  const line = new TextDecoder().decode(input).trim()
  const row = parseRow(line)
  if ('error' in row) return line.includes('\n') ? `${row.error} (one row is explained, not a file of them)` : row.error
  const { method, target, headers, body } = row
  return {
    method,
    target,
    protocol: 'HTTP/1.1',
    headers,
    body,
    framing: framingOf(method, target, 'HTTP/1.1', headers),
    notes: [],
  }
}

function fromRaw(text: ByteString): ExplainedRequest | string {
  const notes: string[] = []
  let bytes = text
  const end = /\r?\n\r?\n/.exec(bytes)
  if (!end) {
    bytes = `${bytes.trimEnd()}\r\n\r\n`
    notes.push('there is no empty line behind the headers: one was added')
  }
  const headEnd = /\r?\n\r?\n/.exec(bytes)
  if (!headEnd) return 'there is no request'
  let head = bytes.slice(0, headEnd.index)
  const rest = bytes.slice(headEnd.index + headEnd[0].length)
  if (!head.includes('\r')) {
    // Editors save line feeds alone; a request on the wire has CRLF.
    head = head.replaceAll('\n', '\r\n')
    if (head.includes('\r\n')) notes.push('line feeds were read as CRLF')
  }
  if (rest.trim() !== '' && !/\r\n(content-length|transfer-encoding)[ \t]*:/i.test(head)) {
    head += `\r\nContent-Length: ${rest.length}`
    notes.push('there is a body without a length: a Content-Length was added')
  }
  const request = readRequest(`${head}\r\n\r\n${rest}`)
  if (request.protocol === '') return `the first line is no request line: ${JSON.stringify(head.slice(0, 80))}`
  const { method, target, protocol, headers } = request
  const cut = request.malformed ?? request.incomplete
  const framing = cut === undefined ? framingOf(method, target, protocol, headers) : { code: 'http.body', detail: cut }
  return { method, target, protocol, headers, body: bytesToBuffer(request.body), framing, notes }
}

function framingOf(method: ByteString, target: ByteString, protocol: string, headers: readonly ByteString[]) {
  const fault = checkFraming(method, target, protocol, headers)
  return fault && { code: fault.code, detail: fault.detail }
}
