// Certificates from an authority, over sockets: both ways of proof, an account that needs a binding, renewal, an
// authority that is down, and two gateways that want the same at once.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer, get as getTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AcmeRenewer, renewAtMs } from '../../src/certificates/acme-renewer.ts'
import { Board } from '../../src/certificates/challenge-board.ts'
import { CertificateFolder } from '../../src/certificates/files.ts'
import { certificateId } from '../../src/certificates/renewal-info.ts'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { AcmeConfig } from '../../src/config/config.ts'
import { delay, startTestGateway } from './gateway-harness.ts'
import { freePorts, noPebble, startPebble } from './pebble-harness.ts'
import { get } from './tls-harness.ts'

const unchecked = { rejectUnauthorized: false }

async function untilNamed(port: number, names: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 100) {
    if ((await get(port, '/', unchecked).catch(() => undefined))?.names === names) return
    await delay(100)
  }
  assert.equal((await get(port, '/', unchecked)).names, names)
}

test('http-01: HTTPS is up at once, then with the authority’s certificate', { skip: noPebble }, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const { directory, ca } = await startPebble(t, { httpPort, tlsPort })
  const acme = { domains: ['a.example.com', 'b.example.com'], email: 'ops@example.com', directory, ca }
  const listen = [
    { https: `127.0.0.1:${tlsPort}`, acme },
    { http: `127.0.0.1:${httpPort}`, redirect: true },
  ]
  // Neither the redirect nor a guard that lets nobody in stands in the way of the authority.
  const sections = { listen, guards: { lists: { deny: ['127.0.0.0/8'] } }, workers: 3 }
  const { gateway, dir } = await startTestGateway(t, sections)
  assert.match((await get(tlsPort, '/', unchecked)).names, /localhost/)
  await untilNamed(tlsPort, 'DNS:a.example.com, DNS:b.example.com')
  const folder = join(dir, 'state/certificates')
  const files = readdirSync(folder)
  assert.ok(files.includes('acme-a.example.com-and-1-more.pem') && files.some(file => file.startsWith('acme-account-')))
  assert.ok(!files.includes('acme.lock'))
  for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
  const pem = readFileSync(join(folder, 'acme-a.example.com-and-1-more.pem'), 'utf8')
  assert.ok(pem.split('BEGIN CERTIFICATE').length > 2, 'with its chain')
  const metrics = await gateway.metrics()
  assert.match(metrics, /merlon_certificate_orders_total\{result="ok"\} 1/)
  assert.match(metrics, /merlon_certificate_expiry_seconds\{listener="listen\.0",name="a\.example\.com"\} \d+/)
})

test('tls-alpn-01, on a listener that asks for client certificates', { skip: noPebble }, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const { directory, ca } = await startPebble(t, { httpPort, tlsPort })
  const acme = { domains: ['c.example.com'], directory, ca, challenge: 'tls-alpn-01' }
  const listen = [{ https: `127.0.0.1:${tlsPort}`, acme, clientCa: ca, clientCert: 'request' }]
  await startTestGateway(t, { listen })
  await untilNamed(tlsPort, 'DNS:c.example.com')
})

test('an account that needs a binding', { skip: noPebble }, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const hmacKey = Buffer.from('a key of thirty-two bytes, or so').toString('base64url')
  const { directory, ca } = await startPebble(t, { httpPort, tlsPort, eab: { 'kid-1': hmacKey } })
  const file = join(mkdtempSync(join(tmpdir(), 'merlon-eab-')), 'hmac')
  writeFileSync(file, `${hmacKey}\n`)
  const eab = { kid: 'kid-1', hmacKey: `file:${file}` }
  const acme = { domains: ['d.example.com'], directory, ca, eab }
  const listen = [{ https: `127.0.0.1:${tlsPort}`, acme }, { http: `127.0.0.1:${httpPort}` }]
  await startTestGateway(t, { listen })
  await untilNamed(tlsPort, 'DNS:d.example.com')
})

test('an authority that is down: the certificate stays, and an event tells', { skip: noPebble }, async t => {
  const [tlsPort = 0, nothing = 0] = await freePorts(2)
  const acme = { domains: ['e.example.com'], directory: `https://127.0.0.1:${nothing}/dir` }
  const listen = [{ https: `127.0.0.1:${tlsPort}`, acme }, { http: '127.0.0.1:0' }]
  const { gateway, events, logged } = await startTestGateway(t, { listen })
  const [event] = await events(1)
  assert.match(event?.json ?? '', /certificate\.renewal.*no certificate for e\.example\.com/)
  assert.match(logged.join('\n'), /the next attempt is in \d+ s/)
  assert.match((await get(tlsPort, '/', unchecked)).names, /e\.example\.com/)
  assert.match(await gateway.metrics(), /merlon_certificate_orders_total\{result="failed"\} 1/)
})

/** A renewer with a small server for the looks of an authority. */
async function openRenewer(
  t: import('node:test').TestContext,
  httpPort: number,
  options: { stateDir: string; nowMs?: () => number },
) {
  const board = new Board(async () => {})
  const server = createServer((req, res) => {
    const answer = board.challenges.http[String(req.url).split('/').at(-1) ?? '']
    res.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  if (httpPort > 0) await new Promise<void>(resolve => server.listen(httpPort, '127.0.0.1', resolve))
  const failures: string[] = []
  let issued = 0
  const folder = new CertificateFolder(options.stateDir)
  const renewer = new AcmeRenewer({
    folder,
    board,
    now: options.nowMs ?? Date.now,
    log: () => {},
    onFailure: (_acme, message) => failures.push(message),
    onIssued: async () => {
      issued++
    },
    firstBackOffMs: 100,
    lookEveryMs: 3_600_000,
  })
  t.after(() => {
    renewer.close()
    server.closeAllConnections()
    server.close()
  })
  return { renewer, folder, failures, issuedCount: () => issued }
}

function wish(directory: string, ca: string): AcmeConfig {
  return { domains: ['f.example.com'], email: undefined, directory, ca, challenge: 'http-01', eab: undefined }
}

test('renewed when a third of its life is left, not before, and after failures', { skip: noPebble }, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const pebble = await startPebble(t, { httpPort, tlsPort })
  let nowMs = Date.now()
  const stateDir = mkdtempSync(join(tmpdir(), 'merlon-acme-'))
  const { renewer, folder, failures, issuedCount } = await openRenewer(t, httpPort, { stateDir, nowMs: () => nowMs })
  renewer.use([wish(pebble.directory, pebble.ca)])
  await renewer.look()
  const first = folder.read('acme-f.example.com')
  assert.ok(first && issuedCount() === 1)
  nowMs = renewAtMs(first, 0) - (first.expiresMs - first.startsMs) / 29
  await renewer.look()
  assert.equal(issuedCount(), 1, 'not due yet')
  nowMs = renewAtMs(first, 0)
  await renewer.look()
  const second = folder.read('acme-f.example.com')
  assert.ok(second && second.cert !== first.cert && second.key !== first.key, failures.join())

  await pebble.stop()
  nowMs = renewAtMs(second, 0)
  for (let i = 0; i < 3; i++) {
    await renewer.look()
    nowMs += 1000
  }
  assert.equal(folder.read('acme-f.example.com')?.cert, second.cert)
  assert.deepEqual([failures.length, renewer.orders], [3, { ok: 2, failed: 3 }])
})

test('two that want the same at once make one order', { skip: noPebble }, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const { directory, ca } = await startPebble(t, { httpPort, tlsPort })
  const stateDir = mkdtempSync(join(tmpdir(), 'merlon-acme-'))
  const one = await openRenewer(t, httpPort, { stateDir })
  const two = await openRenewer(t, 0, { stateDir })
  one.renewer.use([wish(directory, ca)])
  two.renewer.use([wish(directory, ca)])
  await Promise.all([one.renewer.look(), two.renewer.look()])
  await two.renewer.look()
  assert.deepEqual([one.renewer.orders.ok + two.renewer.orders.ok, one.failures, two.failures], [1, [], []])
})

test('a lock that was left behind is taken after a while', async t => {
  const stateDir = mkdtempSync(join(tmpdir(), 'merlon-acme-'))
  const { renewer, folder, failures } = await openRenewer(t, 0, { stateDir })
  const own = createSelfSigned(['x'], Date.now())
  folder.write('self-signed', own.cert, own.key)
  writeFileSync(folder.path('acme.lock'), '')
  renewer.use([wish('https://127.0.0.1:9/dir', folder.path('self-signed.pem'))])
  await renewer.look()
  assert.equal(failures.length, 0)
  const longAgo = new Date(Date.now() - 6 * 60_000)
  utimesSync(folder.path('acme.lock'), longAgo, longAgo)
  await renewer.look()
  assert.equal(failures.length, 1)
})

/** Says when to renew, in front of an authority that does not (pebble 2.4 knows no ARI). */
async function openAdviser(t: import('node:test').TestContext, directory: string, ca: string) {
  const cert = readFileSync(ca)
  const key = readFileSync(ca.replace('pc.pem', 'pk.pem'))
  const advice = { window: [0, 0], status: 200, asked: [] as string[] }
  const server = createTlsServer({ cert, key }, async (req, res) => {
    if (req.url === '/dir') {
      const known = await new Promise<object>((resolve, reject) => {
        getTls(directory, { ca: cert, agent: false }, answer => {
          let text = ''
          answer.on('data', chunk => {
            text += chunk
          })
          answer.on('end', () => resolve(JSON.parse(text)))
        }).on('error', reject)
      })
      res.end(JSON.stringify({ ...known, renewalInfo: `${url()}/renewal-info` }))
      return
    }
    advice.asked.push(String(req.url))
    res.statusCode = advice.status
    res.setHeader('retry-after', '3600')
    const [start = 0, end = 0] = advice.window.map(ms => new Date(ms).toISOString())
    res.end(JSON.stringify({ suggestedWindow: { start, end } }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { directory: `${url()}/dir`, advice }
}

test('renewed when the authority says so (ARI), and by its life when that says nothing', {
  skip: noPebble,
}, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const pebble = await startPebble(t, { httpPort, tlsPort })
  const { directory, advice } = await openAdviser(t, pebble.directory, pebble.ca)
  let nowMs = Date.now()
  const hour = 3_600_000
  const stateDir = mkdtempSync(join(tmpdir(), 'merlon-acme-'))
  const { renewer, folder, failures, issuedCount } = await openRenewer(t, httpPort, { stateDir, nowMs: () => nowMs })
  renewer.use([wish(directory, pebble.ca)])
  await renewer.look()
  const first = folder.read('acme-f.example.com')
  assert.ok(first, failures.join())
  advice.window = [nowMs + 10 * hour, nowMs + 11 * hour]
  await renewer.look()
  assert.equal(advice.asked[0], `/renewal-info/${certificateId(first.cert)}`)
  assert.equal(issuedCount(), 1, 'not yet')
  nowMs += 2 * hour
  advice.window = [nowMs - hour, nowMs - 1] // it must be taken back
  await renewer.look()
  assert.equal(issuedCount(), 2, failures.join())
  const second = folder.read('acme-f.example.com')
  assert.ok(second && second.cert !== first.cert)
  advice.status = 500
  nowMs += 7 * hour
  await renewer.look()
  assert.equal(issuedCount(), 2)
  nowMs = renewAtMs(second, 0)
  await renewer.look()
  assert.equal(issuedCount(), 3, failures.join())
})

test('dns-01 by a command, for a wildcard', { skip: noPebble }, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const { directory, ca, dnsUrl } = await startPebble(t, { httpPort, tlsPort })
  const dir = mkdtempSync(join(tmpdir(), 'merlon-hook-'))
  const hook = join(dir, 'hook.mjs')
  writeFileSync(
    hook,
    `import { appendFileSync } from 'node:fs'
const [url, action, name, value] = process.argv.slice(2)
appendFileSync('${join(dir, 'log')}', action + ' ' + name + '\\n')
const path = action === 'present' ? '/set-txt' : '/clear-txt'
await fetch(url + path, { method: 'POST', body: JSON.stringify({ host: name + '.', value }) })
`,
  )
  const acme = {
    domains: ['*.g.example.com'],
    directory,
    ca,
    challenge: 'dns-01',
    dnsHook: [process.execPath, hook, dnsUrl],
    dnsWait: '10ms',
  }
  await startTestGateway(t, { listen: [{ https: `127.0.0.1:${tlsPort}`, acme }] })
  await untilNamed(tlsPort, 'DNS:*.g.example.com')
  assert.equal(
    readFileSync(join(dir, 'log'), 'utf8'),
    'present _acme-challenge.g.example.com\ncleanup _acme-challenge.g.example.com\n',
  )
})

test('a DNS command that fails is told with what it said', { skip: noPebble }, async t => {
  const [httpPort = 0, tlsPort = 0] = await freePorts(2)
  const { directory, ca } = await startPebble(t, { httpPort, tlsPort })
  const stateDir = mkdtempSync(join(tmpdir(), 'merlon-acme-'))
  const { renewer, failures } = await openRenewer(t, 0, { stateDir })
  const command = ['sh', '-c', 'echo no such zone >&2; exit 3']
  renewer.use([{ ...wish(directory, ca), challenge: 'dns-01', dnsHook: { command, waitMs: 0 } }])
  await renewer.look()
  assert.match(failures.join(), /no such zone/)
})
