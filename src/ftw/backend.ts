// The server behind the rules, for tests of response rules: it answers /reflect with the status, headers and body that
// the request asks for in JSON, /configure_reflection teaches it such an answer for another path, and everything else
// is an empty 200. The same paths and fields as the back end of CRS's own test set-up.

import { type ByteString, bytesToUtf8, utf8ToBytes } from '../lib/bytes.ts'

export interface BackendRequest {
  readonly method: ByteString
  readonly target: ByteString
  readonly body: ByteString
}

export interface BackendAnswer {
  readonly status: number
  /** Flat: [name, value, …]. */
  readonly headers: readonly ByteString[]
  readonly body: ByteString
}

const maxConfigured = 100

export class Backend {
  readonly #configured = new Map<string, BackendAnswer>()

  reset(): void {
    this.#configured.clear()
  }

  answer(request: BackendRequest): BackendAnswer {
    // No tunnels: what a server that is no proxy answers.
    if (request.method === 'CONNECT') return plain(405, '')
    const path = request.target.split('?', 1)[0]?.replace(/\/$/, '')
    if (request.method === 'POST' && path === '/reflect') return reflect(parse(request.body))
    if (request.method === 'POST' && path === '/configure_reflection') return this.#configure(parse(request.body))
    if (request.method === 'PUT' && path === '/reset') this.reset()
    const status = /^\/status\/([1-5]\d\d)$/.exec(path ?? '')?.[1]
    if (status) return plain(Number(status), '')
    return this.#configured.get(`${request.method} ${request.target}`) ?? plain(200, '')
  }

  #configure(spec: Record<string, unknown> | undefined): BackendAnswer {
    if (spec === undefined || !Array.isArray(spec['endpoints'])) return plain(400, 'Invalid JSON in request body')
    for (const endpoint of spec['endpoints'] as unknown[]) {
      if (!isRecord(endpoint) || this.#configured.size >= maxConfigured) continue
      this.#configured.set(`${String(endpoint['method'])} ${String(endpoint['url'])}`, reflect(spec))
    }
    return plain(200, '')
  }
}

function reflect(spec: Record<string, unknown> | undefined): BackendAnswer {
  if (spec === undefined) return plain(400, 'Invalid JSON in request body')
  const status = typeof spec['status'] === 'number' && spec['status'] !== 0 ? spec['status'] : 200
  if (status < 100 || status > 599) return plain(400, `Invalid status code: ${status}`)
  const headers: ByteString[] = []
  if (isRecord(spec['headers'])) {
    for (const [name, value] of Object.entries(spec['headers']))
      headers.push(utf8ToBytes(name), utf8ToBytes(String(value)))
  }
  const text = typeof spec['body'] === 'string' ? utf8ToBytes(spec['body']) : ''
  const encoded = typeof spec['encodedBody'] === 'string' ? spec['encodedBody'] : ''
  return complete(status, headers, text === '' ? Buffer.from(encoded, 'base64').toString('latin1') : text)
}

function plain(status: number, body: ByteString): BackendAnswer {
  return complete(status, [], body)
}

/** Adds what an HTTP server adds by itself; it guesses the type of a body that came without one. */
function complete(status: number, headers: readonly ByteString[], body: ByteString): BackendAnswer {
  const full = [...headers]
  if (body !== '' && !headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')) {
    full.push('Content-Type', guessType(body))
  }
  full.push('Content-Length', String(body.length))
  return { status, headers: full, body }
}

function guessType(body: ByteString): string {
  const start = body.slice(0, 512).trimStart().toLowerCase()
  if (start.startsWith('<?xml')) return 'text/xml; charset=utf-8'
  if (/^<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[ >]|^<!--/.test(start)) {
    return 'text/html; charset=utf-8'
  }
  return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(start) ? 'application/octet-stream' : 'text/plain; charset=utf-8'
}

function parse(body: ByteString): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytesToUtf8(body))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
