// Gateways started from the command line: run with reload and drain, protect, demo, and the commands that ask them.

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cli, emptyFolder, lineOf, spawnCli } from './cli-run.ts'

let app: Server
let upstream: string
/** Called when the next slow request has come so far. */
let slowCame = () => {}
before(async () => {
  app = createServer((req, res) => {
    if (req.url === '/slow') slowCame()
    setTimeout(() => res.end(`app ${req.url}`), req.url === '/slow' ? 700 : 0)
  })
  await new Promise<void>(resolve => app.listen(0, '127.0.0.1', resolve))
  upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
})
after(() => app.close())

const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** A command that serves, and what it said when it was ready. */
async function start(args: readonly string[], cwd: string) {
  const child = spawnCli([...args, '--json'], cwd)
  const said = record(child)
  children.push(child)
  const ready = JSON.parse(await lineOf(child, line => line.startsWith('{"ready"')))
  return { child, ready, said }
}

function record(child: ChildProcess): { text: string } {
  const said = { text: '' }
  child.stderr?.on('data', chunk => (said.text += chunk))
  return said
}

/** The answer to a request that has reached the application and takes its time. */
async function askSlowly(url: string): Promise<Promise<string>[]> {
  const came = new Promise<void>(resolve => {
    slowCame = resolve
  })
  const answer = fetch(`${url}/slow`).then(response => response.text())
  await came
  return [answer]
}

async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 800; i++) {
    if (await check()) return
    await sleep(50)
  }
  assert.fail(`never happened: ${what}`)
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.on('close', resolve))
}

test('serves on when nobody reads what it says, and when its terminal is gone', async () => {
  const cwd = emptyFolder()
  const { child, ready } = await start(['protect', upstream, '-l', '127.0.0.1:0', '--state', 'state'], cwd)
  child.stderr?.destroy()
  child.stdout?.destroy()
  for (let i = 0; i < 3; i++) {
    child.kill('SIGHUP')
    await sleep(50)
  }
  const gone = ended(child)
  // A first signal says something on stderr: requests still end.
  const [slow] = await askSlowly(ready.listening[0])
  child.kill('SIGTERM')
  assert.equal(await slow, 'app /slow')
  assert.equal(await gone, 0)
})

describe('run', () => {
  const cwd = emptyFolder()
  const file = join(cwd, 'merlon.yaml')
  const config = (rest: string) =>
    `listen: [{ http: "127.0.0.1:0" }]\nworkers: 1\nupstreams: { app: { servers: ["${upstream}"] } }\nroutes: [{ to: app }]\n${rest}`
  let gateway: Awaited<ReturnType<typeof start>>
  let url: string

  test('serves, and says where', async () => {
    writeFileSync(file, config(''))
    gateway = await start(['run'], cwd)
    url = gateway.ready.listening[0]
    assert.equal(await (await fetch(`${url}/a`)).text(), 'app /a')
  })

  test('status asks it through the socket in its state folder', async () => {
    const { code, stdout, stderr } = await cli(['status', '--json'], cwd)
    assert.equal(code, 0, stderr)
    const status = JSON.parse(stdout)
    assert.equal(status.pid, gateway.child.pid)
    assert.equal(status.config.file, 'merlon.yaml')
    assert.match((await cli(['status'], cwd)).stdout, /^gateway +serving/)
  })

  test('a changed file is taken without being asked', async () => {
    writeFileSync(file, config('guards: { lists: { deny: [127.0.0.1] } }\n'))
    await until(async () => (await fetch(`${url}/b`)).status === 403, 'the new deny list')
  })

  test('events query finds the refused request by its reference', async () => {
    const refused = await fetch(`${url}/c`, { headers: { accept: 'application/json' } })
    const { reference } = (await refused.json()) as { reference: string }
    await until(
      async () => (await cli(['events', 'query', '--reference', reference, '--json'], cwd)).stdout !== '',
      'the event',
    )
    const { stdout } = await cli(['events', 'query', '--reference', reference, '--json'], cwd)
    const event = JSON.parse(stdout)
    assert.equal(event.merlon.reference, reference)
    assert.equal(event.merlon.guard, 'lists')
    const forPeople = await cli(['events', 'query', '--guard', 'lists', '--since', '1h'], cwd)
    assert.match(forPeople.stdout, /deny +lists +127\.0\.0\.1 /)
    assert.equal((await cli(['events', 'query', '--reference', 'none'], cwd)).code, 1)
  })

  test('events tail prints what comes', async () => {
    const tail = spawnCli(['events', 'tail', '--last', '0', '--json'], cwd)
    children.push(tail)
    const line = lineOf(tail, text => text.includes('/tailed'))
    let seen = false
    void line.then(() => {
      seen = true
    })
    // It may take a while until it follows.
    await until(async () => {
      await fetch(`${url}/tailed`)
      return seen
    }, 'the event in the tail')
    assert.equal(JSON.parse(await line).url.path, '/tailed')
    tail.kill('SIGINT')
    assert.equal(await ended(tail), 0)
  })

  test('a bad file is reported with its place, and the config before it goes on', async () => {
    writeFileSync(file, config('guards: { list: {} }\n'))
    await until(() => gateway.said.text.includes('merlon.yaml:5:11 guards.list: unknown key'), 'the problem on stderr')
    assert.equal((await fetch(`${url}/d`)).status, 403)
    const reload = await cli(['reload'], cwd)
    assert.equal(reload.code, 1)
    assert.match(reload.stdout, /merlon\.yaml:5:11 guards\.list: unknown key \(did you mean lists\?\)/)
  })

  test('a file that is replaced, and reload, are taken', async () => {
    writeFileSync(join(cwd, 'next.yaml'), config(''))
    renameSync(join(cwd, 'next.yaml'), file)
    await until(async () => (await fetch(`${url}/e`)).status === 200, 'the replaced file')
    const reload = await cli(['reload', '--json'], cwd)
    assert.deepEqual([reload.code, reload.stdout], [0, '{"ok":true}\n'])
  })

  test('SIGHUP reloads', async () => {
    gateway.child.kill('SIGHUP')
    await until(() => gateway.said.text.includes('SIGHUP: reloaded merlon.yaml'), 'the reload')
  })

  test('SIGTERM lets a running request end', async () => {
    const [slow] = await askSlowly(url)
    const end = ended(gateway.child)
    gateway.child.kill('SIGTERM')
    assert.equal(await slow, 'app /slow')
    assert.equal(await end, 0)
    const status = await cli(['status'], cwd)
    assert.equal(status.code, 1)
    assert.match(status.stderr, /no gateway is running/)
  })

  test('an address that is taken is a problem with its place', async () => {
    const port = new URL(upstream).port
    writeFileSync(join(cwd, 'taken.yaml'), config('').replace('127.0.0.1:0', `127.0.0.1:${port}`))
    const { code, stderr } = await cli(['run', '-c', 'taken.yaml'], cwd)
    assert.equal(code, 1)
    assert.match(stderr, /^taken\.yaml:1:\d+ listen\[0\]/m)
  })

  test('a file of events that can’t be opened is a problem with its place', async () => {
    writeFileSync(join(cwd, 'events.yaml'), config('events: { file: ./no/e.ndjson }\nstore: { state: ./other }\n'))
    const { code, stderr } = await cli(['run', '-c', 'events.yaml'], cwd)
    assert.equal(code, 1)
    assert.match(stderr, /^events\.yaml:5:\d+ events\.file: ENOENT/m)
  })

  test('a client that is no address is refused', async () => {
    const { code, stderr } = await cli(['events', 'query', '--state', '.merlon', '--client', 'ann'], cwd)
    assert.equal(code, 2)
    assert.match(stderr, /--client ann/)
  })
})

test('protect serves an upstream without a config', async () => {
  const cwd = emptyFolder()
  const { child, ready } = await start(['protect', upstream, '-l', '127.0.0.1:0'], cwd)
  assert.equal(await (await fetch(`${ready.listening[0]}/x`)).text(), 'app /x')
  assert.ok(existsSync(join(cwd, '.merlon/events.db')))
  const end = ended(child)
  child.kill('SIGINT')
  assert.equal(await end, 0)
})

test('two demos at once have a port and a state folder each', async () => {
  const cwd = emptyFolder()
  const first = await start(['demo', '--port', '18480'], cwd)
  const second = await start(['demo', '--port', '18480'], cwd)
  assert.equal(first.ready.gateway, 'http://127.0.0.1:18480')
  assert.notEqual(second.ready.gateway, first.ready.gateway)
  assert.notEqual(second.ready.state, first.ready.state)
  for (const { ready } of [first, second]) {
    assert.equal((await fetch(`${ready.gateway}/products?q=lamp`)).status, 200)
    assert.equal((await fetch(`${ready.admin}/healthz`)).status, 200)
  }
  for (const { child } of [first, second]) {
    const end = ended(child)
    child.kill('SIGTERM')
    assert.equal(await end, 0)
  }
})
