// Writes a response head as text, for what node:http doesn't write for us: 1xx, upgrades, and answers to requests that
// never became one.

import { STATUS_CODES } from 'node:http'

/** Headers are flat and checked. The text is latin1. */
export function formatHead(status: number, statusText: string, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${statusText === '' ? (STATUS_CODES[status] ?? '') : statusText}\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${head}\r\n`
}

/** A whole problem+json answer (RFC 9457) to what could not be read as a request; the connection ends with it. */
export function formatProblem(status: number, detail: string, reference: string): string {
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, reference })
  const headers = [
    'content-type',
    'application/problem+json',
    'content-length',
    String(Buffer.byteLength(body)),
    'cache-control',
    'no-store',
    'x-request-id',
    reference,
    'date',
    new Date().toUTCString(),
    'connection',
    'close',
  ]
  return formatHead(status, title, headers) + body
}
