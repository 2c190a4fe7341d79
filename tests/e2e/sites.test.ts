// Several sites in one gateway: routes by host, path, method and header; maintenance; error pages of the operator.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTestGateway } from './gateway-harness.ts'

interface Asked {
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
}

/** fetch does not let the Host be chosen. */
function ask(url: string, { path = '/', method = 'GET', headers = {} }: Asked) {
  return new Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const req = request(new URL(path, url), { method, headers }, res => {
      let text = ''
      res.on('data', chunk => {
        text += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text, headers: res.headers }))
    })
    req.on('error', reject).end()
  })
}

const via = (name: string) => ({ request: { set: { 'x-site': name } } })

test('sites: by host, path, method and header', async t => {
  const routes = [
    { name: 'shop', match: { host: 'shop.test' }, to: 'app', headers: via('shop') },
    {
      name: 'orders',
      match: { host: 'shop.test', path: '/orders/*', methods: ['POST'] },
      to: 'app',
      headers: via('orders'),
    },
    { name: 'any', match: { host: '*.test' }, to: 'app', headers: via('any') },
    { name: 'v2', match: { host: 'shop.test', headers: { 'x-version': '2' } }, to: 'app', headers: via('v2') },
    {
      name: 'beta',
      match: { host: 'shop.test', headers: { 'X-Beta': '*', 'x-version': '2' } },
      to: 'app',
      headers: via('beta'),
    },
  ]
  const { url } = await startTestGateway(t, { routes }, (req, res) => res.end(String(req.headers['x-site'])))
  for (const [asked, want] of [
    [{ headers: { host: 'shop.test' } }, 'shop'],
    [{ headers: { host: 'SHOP.test:8080' } }, 'shop'],
    [{ headers: { host: 'blog.test' } }, 'any'],
    [{ path: '/orders/1', headers: { host: 'shop.test' } }, 'shop'],
    [{ path: '/orders/1', method: 'POST', headers: { host: 'shop.test' } }, 'orders'],
    [{ headers: { host: 'shop.test', 'x-version': '2' } }, 'v2'],
    [{ headers: { host: 'shop.test', 'x-version': '3' } }, 'shop'],
    [{ headers: { host: 'shop.test', 'x-version': '2', 'x-beta': 'on' } }, 'beta'],
  ] as const) {
    assert.equal((await ask(url, asked)).text, want, JSON.stringify(asked))
  }
  assert.equal((await ask(url, { headers: { host: 'other.example' } })).status, 404)
})

test('sites: maintenance closes a route for all but some, and guards still see it', async t => {
  const routes = [
    { name: 'closed', match: { path: '/closed' }, to: 'app', maintenance: { retryAfter: '10m' } },
    { name: 'open', to: 'app' },
    { name: 'staff', match: { path: '/staff' }, to: 'app', maintenance: { allow: ['127.0.0.0/8'] } },
  ]
  const { url, gateway, config } = await startTestGateway(t, { routes })
  const closed = await ask(url, { path: '/closed' })
  assert.deepEqual([closed.status, closed.headers['retry-after']], [503, '600'])
  assert.match(closed.text, /maintenance/)
  assert.equal((await ask(url, { path: '/staff' })).status, 200)
  assert.equal((await ask(url, { path: '/' })).status, 200)
  assert.equal((await ask(url, { path: `/closed?q=${encodeURIComponent("' OR 1=1--")}` })).status, 403)
  await gateway.reload(config({ maintenance: true }))
  assert.equal((await ask(url, { path: '/' })).status, 503)
  assert.equal((await ask(url, { path: '/staff' })).status, 200)
})

test('sites: pages of the operator for browsers, problem+json for others', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-pages-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, '4xx.html'), '<h1>{{status}} {{title}}</h1><p>{{reference}}</p>')
  writeFileSync(join(dir, '404.html'), 'nothing here')
  const pages = { '4xx': join(dir, '4xx.html'), '404': join(dir, '404.html') }
  const { url } = await startTestGateway(t, { pages })
  const attack = `/?q=${encodeURIComponent("' OR 1=1--")}`
  const page = await ask(url, { path: attack, headers: { accept: 'text/html,*/*' } })
  assert.equal(page.status, 403)
  assert.match(page.text, /^<h1>403 Forbidden<\/h1><p>[0-9A-Z]{26}<\/p>$/)
  assert.equal(JSON.parse((await ask(url, { path: attack })).text).status, 403)
})
