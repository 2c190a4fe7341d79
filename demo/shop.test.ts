// The shop keeps its contract: every route of the code is in openapi.yaml and the other way round, and every operation
// answers its own example as documented. And it does not listen where it must not.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { shopRoutes } from './routes/table.ts'
import { type RunningShop, startShop } from './shop.ts'

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document, read by this test alone
type Loose = any

const contract: Loose = dereference(parse(readFileSync(new URL('./openapi.yaml', import.meta.url), 'utf8')))
const operations = Object.entries<Loose>(contract.paths).flatMap(([path, item]) =>
  Object.entries<Loose>(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
)

let shop: RunningShop
let cookie: string

before(async () => {
  shop = await startShop({ port: 0 })
  const body = JSON.stringify({ email: 'alice@mail.example', password: 'wonderland' })
  const answer = await fetch(`${shop.url}/login`, { method: 'POST', body })
  cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
})
after(() => shop.close())

test('the code and the contract have the same routes', () => {
  const inCode = shopRoutes.map(({ method, path }) => `${method} ${path}`).sort()
  const inContract = operations.map(({ method, path }) => `${method} ${path}`).sort()
  assert.deepEqual(inCode, inContract)
})

// What `/uploads/{name}` shows must have been uploaded.
const ordered = operations.toSorted((a, b) => Number(b.path === '/upload') - Number(a.path === '/upload'))
for (const { method, path, operation } of ordered) {
  test(`${method} ${path} answers its example as documented`, async () => {
    const [status = ''] = Object.keys(operation.responses)
    const answer = await send(method, path, operation, operation.security ? cookie : '')
    assert.equal(String(answer.status), status)
    await assertDocumented(operation, answer)
  })
  if (operation.security)
    test(`${method} ${path} wants a login, as documented`, async () => {
      const answer = await send(method, path, operation, '')
      assert.equal(answer.status, 401)
      await assertDocumented(operation, answer)
    })
}

test('what does not exist and what is not allowed is said so', async () => {
  assert.equal((await fetch(`${shop.url}/nothing`)).status, 404)
  const answer = await fetch(`${shop.url}/products`, { method: 'DELETE' })
  assert.equal(answer.status, 405)
  assert.equal(answer.headers.get('allow'), 'GET')
})

test('the front page is HTML for browsers, with a link to every place', async () => {
  const answer = await fetch(shop.url, { headers: { accept: 'text/html,*/*;q=0.8' } })
  assert.match(answer.headers.get('content-type') ?? '', /^text\/html/)
  const links = [...(await answer.text()).matchAll(/href="([^"]+)"/g)].map(match => match[1] ?? '')
  assert.ok(links.length > 10)
  for (const link of links) assert.ok((await fetch(shop.url + link)).status < 400, link)
})

test('a body that is too large is refused', async () => {
  const answer = await fetch(`${shop.url}/log`, { method: 'POST', body: new Uint8Array(9 * 1_048_576) }).catch(
    () => undefined,
  )
  assert.ok(answer === undefined || answer.status === 413)
  assert.equal((await fetch(`${shop.url}/healthz`)).status, 200)
})

for (const host of ['0.0.0.0', '::', '192.0.2.1', 'localhost', '127.0.0.1.example', '']) {
  test(`listens on loopback only, not on "${host}"`, async () => {
    await assert.rejects(startShop({ port: 0, host }), /loopback only/)
  })
}

async function send(method: string, path: string, operation: Loose, cookies: string): Promise<Response> {
  const query = new URLSearchParams()
  const headers: Record<string, string> = cookies ? { cookie: cookies } : {}
  let target = path
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === 'path') target = target.replace(`{${parameter.name}}`, encodeURIComponent(parameter.example))
    else if (parameter.in === 'query') query.set(parameter.name, parameter.example)
    else if (parameter.in === 'cookie') headers['cookie'] = `${parameter.name}=${parameter.example}`
  }
  const [type, media] = Object.entries<Loose>(operation.requestBody?.content ?? {})[0] ?? []
  if (type === 'multipart/form-data') {
    const body = new FormData()
    body.set('file', new File([media.example.file], 'example.txt', { type: 'text/plain' }))
    return fetch(`${shop.url}${target}`, { method, headers, body })
  }
  const body =
    type === undefined ? null : typeof media.example === 'string' ? media.example : JSON.stringify(media.example)
  if (type !== undefined) headers['content-type'] = type
  return fetch(`${shop.url}${target}?${query}`, { method, headers, body, redirect: 'manual' })
}

async function assertDocumented(operation: Loose, answer: Response): Promise<void> {
  const documented = operation.responses[answer.status]
  assert.ok(documented, `status ${answer.status} is not documented`)
  for (const name of Object.keys(documented.headers ?? {})) assert.ok(answer.headers.has(name), `no header ${name}`)
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? ''
  if (!documented.content) return assert.equal(type, '')
  const media = documented.content[type] ?? documented.content['*/*']
  assert.ok(media, `content type ${type} is not documented`)
  if (type !== 'application/json') return
  const checked = z.fromJSONSchema(media.schema).safeParse(await answer.json())
  assert.ok(checked.success, checked.error && z.prettifyError(checked.error))
}

/** Puts what a `$ref` names in its place. The document has no cycles. */
function dereference(document: Loose): Loose {
  const resolve = (node: Loose): Loose => {
    if (Array.isArray(node)) return node.map(resolve)
    if (typeof node !== 'object' || node === null) return node
    if (typeof node.$ref === 'string')
      return resolve(
        node.$ref
          .slice(2)
          .split('/')
          .reduce((at: Loose, key: string) => at[key], document),
      )
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]))
  }
  return resolve(document)
}
