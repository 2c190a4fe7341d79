// The driver on a real server: what every driver does, changes told across processes, loss and return of the server.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { testRecords } from './conformance/records.ts'
import { postgresMissing, startPostgres, type TestPostgres } from './postgres.test-helper.ts'
import { postgresOptions } from './postgres-connection.ts'
import { openPostgresRecords } from './records-postgres.ts'
import type { RecordWatcher } from './store.ts'

const skip = postgresMissing()
let server: TestPostgres
before(async () => {
  if (!skip) server = await startPostgres()
})
after(() => server?.close())

const open = (url = server.database()) => openPostgresRecords({ url, onError: () => {} })

testRecords('PostgreSQL', () => open(), skip)

class Heard implements RecordWatcher {
  readonly #heard: string[] = []
  changed(kind: string, id: string): void {
    this.#heard.push(`${kind} ${id}`)
  }
  lost(): void {
    this.#heard.push('lost')
  }
  back(): void {
    this.#heard.push('back')
  }
  /** Waits until it has heard of something; how long that took, in ms. */
  async wait(what: string, timeoutMs = 30_000): Promise<number> {
    const startMs = performance.now()
    while (!this.#heard.includes(what)) {
      if (performance.now() - startMs > timeoutMs) assert.fail(`${what} not heard: ${this.#heard.join(', ')}`)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    return performance.now() - startMs
  }
  take(): string[] {
    return this.#heard.splice(0)
  }
}

test('two processes see each other’s writes, are told of them at once, and not of their own', { skip }, async () => {
  const url = server.database()
  const [one, two] = await Promise.all([open(url), open(url)]) // both migrate
  const heard = new Heard()
  await two.watch(heard)
  const thing = { kind: 'thing', id: 'a', json: '1', family: 'f' }
  assert.equal(await one.put(thing, 0), 1)
  await heard.wait('thing a')
  assert.equal(await two.put(thing, 0), undefined)
  assert.equal(await two.put(thing, 1), 2)
  heard.take()
  assert.equal(await one.consume('thing', 'a', 1), true)
  await heard.wait('thing a')
  heard.take()
  await one.put({ ...thing, id: 'b' })
  await heard.wait('thing b')
  heard.take()
  assert.equal(await one.deleteFamily('f'), 2)
  await heard.wait('thing a')
  await heard.wait('thing b')
  assert.equal(heard.take().length, 2)
  await Promise.all([one.close(), two.close()])
})

test('of other kinds than were chosen nobody is told', { skip }, async () => {
  const url = server.database()
  const one = await openPostgresRecords({ url, onError: () => {}, told: ['thing'] })
  const two = await open(url)
  const heard = new Heard()
  await two.watch(heard)
  for (const kind of ['other', 'thing']) {
    await one.put({ kind, id: 'new', json: '1', family: 'f' }, 0)
    await one.put({ kind, id: 'new', json: '2', family: 'f' }, 1)
    await one.put({ kind, id: 'any', json: '1', family: 'f' })
    await one.createAll([{ kind, id: 'many', json: '1' }])
    await one.consume(kind, 'any', 1)
    await one.delete(kind, 'many')
  }
  assert.equal(await one.deleteFamily('f'), 4)
  await one.put({ kind: 'thing', id: 'last', json: '1' })
  await heard.wait('thing last')
  const all = heard.take()
  assert.ok(all.includes('thing new') && all.includes('thing any') && all.includes('thing many'))
  assert.deepEqual(
    all.filter(it => !it.startsWith('thing ')),
    [],
  )
  await Promise.all([one.close(), two.close()])
})

test('without a server every call fails; when it is back, so are they, with what was acknowledged', {
  skip,
}, async () => {
  const url = server.database()
  const records = await open(url)
  const heard = new Heard()
  await records.watch(heard)
  await records.put({ kind: 'thing', id: 'a', json: '1' })
  server.stop()
  const lostMs = await heard.wait('lost')
  assert.ok(lostMs < 8000, `${lostMs} ms`)
  await assert.rejects(records.get('thing', 'a'))
  await assert.rejects(records.put({ kind: 'thing', id: 'b', json: '1' }))
  server.start()
  await heard.wait('back')
  assert.equal((await records.get('thing', 'a'))?.json, '1')
  assert.equal(await records.put({ kind: 'thing', id: 'b', json: '1' }, 0), 1)
  heard.take()
  const other = await open(url)
  await other.put({ kind: 'thing', id: 'c', json: '1' })
  await heard.wait('thing c')
  await Promise.all([records.close(), other.close()])
})

test('tables of a newer version are refused', { skip }, async () => {
  const url = server.database()
  await (await open(url)).close()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('update merlon_schema set version = 99')
  await client.end()
  await assert.rejects(open(url), /newer version/)
})

test('TLS is the default but on this machine', () => {
  const ssl = (url: string) => postgresOptions(url).ssl
  assert.deepEqual(ssl('postgres://u@db.internal/x'), { rejectUnauthorized: true })
  for (const url of ['postgres://u@127.0.0.1/x', 'postgres://u@localhost/x', 'postgres://u@db/x?sslmode=disable']) {
    assert.equal(ssl(url), undefined)
  }
  for (const url of ['mysql://u@h/x', 'x']) assert.throws(() => postgresOptions(url), /no URL/)
})
