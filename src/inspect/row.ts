// One row of labelled traffic: an HTTP request as a line of JSON, with what it was taken from. A line that is no row
// gives an error, never an exception.

import { type ByteString, utf8ToBytes } from '../lib/bytes.ts'

export interface Row {
  readonly id: string
  readonly method: ByteString
  /** The request target as received. */
  readonly target: ByteString
  /** Flat: [name, value, …]. */
  readonly headers: readonly ByteString[]
  readonly body: Uint8Array
  /** `attack` or `benign` in labelled sets; not read by the inspection. */
  readonly label: string
  readonly category: string
  readonly source: string
}

export interface RowError {
  /** Of the row, as far as it could be read. */
  readonly id: string | null
  readonly error: string
}

/** Far more than a request that a gateway reads whole. */
const maxLineLength = 16 * 1024 * 1024

const noBody = new Uint8Array(0)

export function parseRow(line: string): Row | RowError {
  if (line.length > maxLineLength) return { id: null, error: `the line is longer than ${maxLineLength} characters` }
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    return { id: null, error: 'the line is not JSON' }
  }
  if (!isRecord(fields)) return { id: null, error: 'the line is not a JSON object' }
  const id = fields['id']
  if (typeof id !== 'string') return { id: null, error: 'id is not a string' }
  const method = fields['method']
  if (typeof method !== 'string') return { id, error: 'method is not a string' }
  const path = fields['path']
  if (typeof path !== 'string') return { id, error: 'path is not a string' }
  const headers = readHeaders(fields['headers'])
  if (typeof headers === 'string') return { id, error: headers }
  const body = readBody(fields['body'], fields['bodyBase64'])
  if (typeof body === 'string') return { id, error: body }
  return {
    id,
    method: utf8ToBytes(method),
    target: utf8ToBytes(path),
    headers,
    body,
    label: textOf(fields['label']),
    category: textOf(fields['category']),
    source: textOf(fields['source']),
  }
}

/** An object of strings, or what is wrong with it. No headers at all are an empty object. */
function readHeaders(value: unknown): readonly ByteString[] | string {
  if (value === undefined) return []
  if (!isRecord(value)) return 'headers is not an object'
  const headers: ByteString[] = []
  for (const name in value) {
    const text = value[name]
    if (typeof text !== 'string') return `the header ${JSON.stringify(name)} is not a string`
    headers.push(utf8ToBytes(name), utf8ToBytes(text))
  }
  return headers
}

function readBody(text: unknown, base64: unknown): Uint8Array | string {
  if (base64 === undefined || base64 === null) {
    if (text === undefined || text === null) return noBody
    return typeof text === 'string' ? Buffer.from(text, 'utf8') : 'body is not a string'
  }
  if (text !== undefined && text !== null) return 'there are both body and bodyBase64'
  // Buffer.from would skip over what is not base64, so that a damaged row passed as a shorter one.
  if (typeof base64 !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return 'bodyBase64 is not base64'
  return Buffer.from(base64, 'base64')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
