// The answers that the gateway gives itself: RFC 9457 problem+json for API clients, a small page for browsers.
// They tell the client its reference and nothing of the inside.

import { type GatewayError, gatewayErrors } from '../lib/errors.ts'
import type { Exchange } from './exchange.ts'
import type { Verdict } from './verdict.ts'

export interface Answer {
  readonly status: number
  /** Flat. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  413: 'Content too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  429: 'Too many requests',
  431: 'Request header fields too large',
  502: 'Bad gateway',
  503: 'Service unavailable',
  504: 'Gateway timeout',
}

const details: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: 'Valid credentials are needed.',
  403: 'The request was blocked by a security rule.',
  413: 'The request body is larger than this service accepts.',
  415: 'This content type or encoding is not accepted.',
  421: 'Open a new connection for this host.',
  429: 'Too many requests in a short time.',
  503: 'The service can’t answer right now.',
}

/** What a client is told of a problem of a type of its own. */
const detailsOfType: Readonly<Record<string, string>> = {
  'urn:merlon:problem:not-permitted': 'You are not permitted to do this.',
  'urn:merlon:problem:quota-exceeded': 'The quota of this period is used up.',
}

export function answerVerdict(ex: Exchange, verdict: Verdict): Answer {
  if (verdict.kind === 'answer') return { status: verdict.status, headers: verdict.headers, body: verdict.body }
  const status = verdict.kind === 'deny' ? verdict.status : 403
  const headers: string[] = verdict.kind === 'deny' ? [...(verdict.headers ?? [])] : []
  if (verdict.kind === 'deny' && verdict.retryAfterMs !== undefined) {
    headers.push('retry-after', String(Math.max(1, Math.ceil(verdict.retryAfterMs / 1000))))
  }
  const type = verdict.kind === 'deny' ? verdict.problemType : undefined
  const detail = (type && detailsOfType[type]) ?? details[status] ?? 'The request was refused.'
  return answerProblem(ex, status, detail, headers, type)
}

export function answerError(ex: Exchange, error: GatewayError): Answer {
  const { retryAfterMs } = error
  const extra = retryAfterMs === undefined ? [] : ['retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000)))]
  return answerProblem(ex, error.status, gatewayErrors[error.code].summary, extra)
}

function answerProblem(
  ex: Exchange,
  status: number,
  detail: string,
  extra: readonly string[],
  type = 'about:blank',
): Answer {
  const title = titles[status] ?? 'Error'
  const html = prefersHtml(ex.headers.get('accept'))
  const own = html ? ownPage(ex, status, title, detail) : undefined
  const text = own ?? (html ? page(status, title, detail, ex.reference) : problem(type, status, title, detail, ex))
  const body = new TextEncoder().encode(text)
  const headers = [
    'content-type',
    html ? 'text/html; charset=utf-8' : 'application/problem+json',
    'content-length',
    String(body.length),
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    ...extra,
  ]
  if (html && own === undefined)
    headers.push('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
  return { status, headers, body }
}

function problem(type: string, status: number, title: string, detail: string, ex: Exchange): string {
  return JSON.stringify({
    type,
    title,
    status,
    detail,
    instance: instanceOf(ex.path),
    reference: ex.reference,
  })
}

/** RFC 9457 §3.1.5 wants a URI reference: what is no path character in the path is percent-encoded. */
function instanceOf(path: string): string {
  return path
    .slice(0, 512)
    .replace(/[^\w\-.~!$&'()*+,;=:@/%]/g, c => `%${c.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`)
}

/** A browser navigates with text/html first; an API client asks for JSON or takes anything. */
function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false
  const html = accept.indexOf('text/html')
  if (html < 0) return false
  const json = accept.indexOf('json')
  return json < 0 || html < json
}

/** The operator's page for a status, or for its class. */
function ownPage({ route, reference }: Exchange, status: number, title: string, detail: string): string | undefined {
  const text = route.pages?.get(String(status)) ?? route.pages?.get(`${Math.trunc(status / 100)}xx`)
  const values: Readonly<Record<string, string>> = { status: String(status), title, detail, reference }
  return text?.replace(/\{\{(status|title|detail|reference)\}\}/g, (_, name: string) => values[name] ?? '')
}

function page(status: number, title: string, detail: string, reference: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${status} ${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1rem;color:#1b1f24;background:#fff}code{background:#eef1f4;padding:.1em .4em;border-radius:4px}@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#14171a}code{background:#262b31}}</style>
<h1>${title}</h1><p>${detail}</p><p>If you think that this is a mistake, tell the operator this reference: <code>${reference}</code></p></html>
`
}
