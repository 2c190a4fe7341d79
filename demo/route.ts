// What a request, an answer and a route of the demo shop are, and how a path finds its route.

import type { World } from './world/world.ts'

export interface ShopRequest {
  readonly method: string
  /** Decoded `{name}` parts of the path. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Lower-case names; of repeated headers the values joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface ShopAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** Header lines that go out unchecked, byte for byte: only the redirect needs this, and that is its hole. */
  readonly rawHead?: string
}

export interface ShopRoute {
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** As in openapi.yaml: `/products/{id}`. */
  readonly path: string
  handle(request: ShopRequest, world: World): ShopAnswer | Promise<ShopAnswer>
}

export function json(status: number, data: unknown, headers: Readonly<Record<string, string>> = {}): ShopAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: `${JSON.stringify(data)}\n` }
}

export function text(status: number, body: string): ShopAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

/** A page. `body` is HTML: what comes from users is for the caller to escape, or not. */
export function html(status: number, title: string, body: string): ShopAnswer {
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${style}</style><h1>${title}</h1>${body}</html>\n`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page }
}

export function escapeHtml(value: unknown): string {
  return String(value).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
}

/** The JSON body, or undefined when it is none. */
export function readJson(request: ShopRequest): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(request.body))
  } catch {
    return undefined
  }
}

export function readObject(request: ShopRequest): Readonly<Record<string, unknown>> | undefined {
  const data = readJson(request)
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? { ...data } : undefined
}

export function badRequest(error: string): ShopAnswer {
  return json(400, { error })
}

export function notFound(): ShopAnswer {
  return json(404, { error: 'not found' })
}

export type Found =
  | { readonly route: ShopRoute; readonly params: Readonly<Record<string, string>> }
  | { readonly allowed: readonly string[] }

/** The route for a method and a raw path, or the methods that the path would take. */
export function findRoute(routes: readonly ShopRoute[], method: string, path: string): Found {
  const allowed: string[] = []
  for (const route of routes) {
    const params = matchPath(route.path, path)
    if (!params) continue
    if (route.method === method || (method === 'HEAD' && route.method === 'GET')) return { route, params }
    allowed.push(route.method)
  }
  return { allowed }
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wants = pattern.split('/')
  const parts = path.split('/')
  if (wants.length !== parts.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, want] of wants.entries()) {
    const part = parts[index] ?? ''
    if (want.startsWith('{')) params[want.slice(1, -1)] = decode(part)
    else if (want !== part) return undefined
  }
  return params
}

/** Percent-decodes; text that is not well encoded stays as it is. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const style = `body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1c2126;
background:#fcfcfa}code{background:#eceee9;padding:.1em .35em;border-radius:4px}a{color:#1f5f8b}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #dfe2dc;
vertical-align:top}article{border-left:3px solid #c9cec4;padding-left:1rem;margin:1rem 0}
@media(prefers-color-scheme:dark){body{color:#e4e7e2;background:#15181a}code{background:#262b2e}a{color:#86bfe8}
td,th{border-color:#2e3437}article{border-color:#454d50}}`
