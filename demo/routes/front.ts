// The front page, which says what this is and where the holes are, the contract, and the health check.

import { readFileSync } from 'node:fs'
import { escapeHtml, html, json, type ShopRequest, type ShopRoute } from '../route.ts'

const contract = readFileSync(new URL('../openapi.yaml', import.meta.url), 'utf8')

export const frontRoutes: readonly ShopRoute[] = [
  { method: 'GET', path: '/', handle: showFront },
  { method: 'GET', path: '/healthz', handle: () => json(200, { status: 'ok' }) },
  { method: 'GET', path: '/openapi.yaml', handle: showContract },
]

const about =
  'Postern is a small shop with deliberate holes, made to be attacked. It runs on loopback, in a world of its own.'

/** Path of normal use, and what is wrong with the place. */
const places: readonly (readonly [string, string])[] = [
  ['/products?q=wool', 'SQL injection'],
  ['/products/1/page', 'stored cross-site scripting'],
  ['/search?q=lantern', 'reflected cross-site scripting'],
  ['/users/find?email=bob@mail.example', 'NoSQL operator injection'],
  ['/files?name=care.txt', 'path traversal'],
  ['/fetch?url=http://feeds.supplier.example/prices.json', 'server-side request forgery'],
  ['/ping?host=localhost', 'command injection'],
  ['/redirect?to=/products', 'open redirect, response splitting'],
  ['/ldap?user=grace', 'LDAP injection'],
  ['/graphql?query={product(id:1){name}}', 'GraphQL introspection, depth, aliases'],
  ['/admin/stats', 'no authorization'],
]

function showFront({ headers }: ShopRequest) {
  const accept = headers['accept'] ?? ''
  if (!accept.includes('text/html')) {
    const tryThese = places.map(([path, hole]) => ({ path, hole }))
    return json(200, { name: 'Postern', about, contract: '/openapi.yaml', try: tryThese })
  }
  const rows = places.map(([path, hole]) => {
    const link = escapeHtml(path)
    return `<tr><td><a href="${link}"><code>${link}</code></a><td>${hole}</tr>`
  })
  const table = `<table><tr><th>Normal use<th>Hole</tr>${rows.join('')}</table>`
  const more = '<p>More holes take a POST: see <a href="/openapi.yaml">the contract</a>.</p>'
  return html(200, 'Postern', `<p>${about}</p>${table}${more}`)
}

function showContract() {
  return { status: 200, headers: { 'content-type': 'application/yaml' }, body: contract }
}
