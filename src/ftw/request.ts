// Builds the bytes of a request from a test's input. Nothing is corrected: most protocol tests are about what is wrong.
// What go-ftw completes by itself is completed here too, or the same test would mean something else.

import { type ByteString, bytesToBuffer } from '../lib/bytes.ts'
import type { FtwInput } from './types.ts'

export function buildRequest(input: FtwInput): ByteString {
  if (input.raw !== undefined) return input.raw
  const headers = [...input.headers]
  let data = input.data
  if (data !== '' && input.autocompleteHeaders) {
    if (!has(headers, 'content-type')) headers.push('Content-Type', formType)
    if (valuesOf(headers, 'content-type').some(value => value.toLowerCase() === formType)) data = encodeForm(data)
  }
  // Authors write multipart bodies with plain line ends; parsers want CRLF.
  if (valuesOf(headers, 'content-type').some(value => value.toLowerCase().includes('multipart/form-data;'))) {
    data = data.replace(/(?<!\r)\n/g, '\r\n')
  }
  if (input.autocompleteHeaders) {
    if (!has(headers, 'connection')) headers.push('Connection', 'close')
    if (!has(headers, 'content-length') && (data !== '' || (input.lengthOfNothing && bodyMethods.has(input.method)))) {
      headers.push('Content-Length', String(data.length))
    }
  }
  let head = `${input.method} ${input.uri} ${input.version}\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${head}\r\n${data}`
}

const formType = 'application/x-www-form-urlencoded'
const bodyMethods = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** Form data that decoding would not change was written plain, so its names and values are encoded. */
function encodeForm(data: ByteString): ByteString {
  if (/[%+]/.test(data)) return data
  return data
    .split('&')
    .map(pair => {
      const equals = pair.indexOf('=')
      return equals < 0
        ? queryEscape(pair)
        : `${queryEscape(pair.slice(0, equals))}=${queryEscape(pair.slice(equals + 1))}`
    })
    .join('&')
}

function queryEscape(text: ByteString): ByteString {
  let escaped = ''
  for (const byte of bytesToBuffer(text)) {
    const c = String.fromCharCode(byte)
    if (/[A-Za-z0-9_.~-]/.test(c)) escaped += c
    else escaped += c === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

function has(headers: readonly ByteString[], lowerName: string): boolean {
  return headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === lowerName)
}

function valuesOf(headers: readonly ByteString[], lowerName: string): ByteString[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === lowerName)
}
