// HTTPS in front: certificates by name, redirects, settings that hold, resumption over workers, reload of certificates.

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { delay, sendUntil, startTestGateway } from './gateway-harness.ts'
import { openRawClient } from './proxy-harness.ts'
import { connectTls, get, noOpenssl, openAuthority } from './tls-harness.ts'

const unchecked = { rejectUnauthorized: false }

test('without a certificate there is one signed by itself, kept for the owner, and the same after a restart', async t => {
  const sections = { listen: [{ https: '127.0.0.1:0' }] }
  const { gateway, dir, logged } = await startTestGateway(t, sections, (req, res) => {
    res.end(JSON.stringify({ proto: req.headers['x-forwarded-proto'], forwarded: req.headers.forwarded }))
  })
  const port = gateway.listening[0]?.port ?? 0
  const answer = await get(port, '/', unchecked)
  assert.equal(answer.status, 200)
  assert.match(answer.names, /DNS:localhost, IP Address:127\.0\.0\.1/)
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
  const seen = JSON.parse(answer.body)
  assert.equal(seen.proto, 'https')
  assert.match(seen.forwarded, /proto=https/)
  const file = join(dir, 'state/certificates/self-signed.pem')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const trusted = { ca: readFileSync(file, 'utf8'), host: '127.0.0.1', servername: 'localhost' }
  assert.equal((await get(port, '/', trusted)).status, 200)
  assert.match(logged.join('\n'), /signed by itself/)
  assert.match(
    await gateway.metrics(),
    /merlon_certificate_expiry_seconds\{listener="listen\.0",name="localhost"\} 34\d{6}/,
  )
})

test('what is refused has an event with the fingerprint of the client', async t => {
  const sections = { listen: [{ https: '127.0.0.1:0' }] }
  const { gateway, events } = await startTestGateway(t, sections)
  const port = gateway.listening[0]?.port ?? 0
  const answer = await get(port, '/?q=%27%20OR%201=1--', { ...unchecked, servername: 'shop.example' })
  assert.equal(answer.status, 403)
  const [event] = await events(1)
  const { merlon, tls, url } = JSON.parse(event?.json ?? '{}')
  assert.match(merlon.ja4, /^t13d\d{4}00_[0-9a-f]{12}_[0-9a-f]{12}$/)
  assert.deepEqual([tls.version, tls.client.server_name, url.scheme], ['1.3', 'shop.example', 'https'])
})

test('certificates by name: exact, wildcard, and the first for what none fits', { skip: noOpenssl }, async t => {
  const authority = openAuthority()
  const pairs = [authority.issue('a', 'DNS:a.example'), authority.issue('w', 'DNS:*.example,DNS:b.test')]
  const certificates = pairs.map(({ cert, key }) => ({ cert, key }))
  const { gateway } = await startTestGateway(t, { listen: [{ https: '127.0.0.1:0', certificates, hsts: 'off' }] })
  const port = gateway.listening[0]?.port ?? 0
  for (const [servername, want] of [
    ['a.example', 'DNS:a.example'],
    ['A.EXAMPLE', 'DNS:a.example'],
    ['x.example', 'DNS:*.example, DNS:b.test'],
    ['x.y.example', 'DNS:a.example'],
    ['b.test', 'DNS:*.example, DNS:b.test'],
    ['other.test', 'DNS:a.example'],
  ] as const) {
    const answer = await get(port, '/', { ...unchecked, servername })
    assert.deepEqual([answer.names, answer.headers['strict-transport-security']], [want, undefined], servername)
  }
})

test('only TLS 1.2 and 1.3, forward secrecy and authenticated encryption', async t => {
  const { gateway } = await startTestGateway(t, { listen: [{ https: '127.0.0.1:0' }] })
  const port = gateway.listening[0]?.port ?? 0
  const low = { ciphers: 'ALL:@SECLEVEL=0' }
  for (const [name, options, want] of [
    ['1.3', {}, 'TLSv1.3'],
    ['1.2', { maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
    ['1.1', { ...low, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }, undefined],
    ['1.2 CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0' }, undefined],
    ['1.2 X25519', { maxVersion: 'TLSv1.2', ecdhCurve: 'X25519:P-256' }, 'TLSv1.2'],
    ['odd curve', { ecdhCurve: 'secp256k1' }, undefined],
    ['ALPN of ours', { ALPNProtocols: ['h3', 'http/1.1'] }, 'TLSv1.3'],
    ['no ALPN of ours', { ALPNProtocols: ['h3'] }, undefined],
  ] as const) {
    const socket = await connectTls(port, options as object).catch(() => undefined)
    assert.equal(socket?.getProtocol() ?? undefined, want, name)
    socket?.destroy()
  }
  assert.match(await gateway.metrics(), /merlon_tls_handshake_failures_total 4/)
})

test('plain HTTP leads to https, and keeps path, query and method', async t => {
  const sections = {
    listen: [{ http: '127.0.0.1:0', redirect: true }, { https: '127.0.0.1:0' }],
  }
  const { gateway, url, events } = await startTestGateway(t, sections)
  const securePort = gateway.listening[1]?.port
  const answer = await fetch(`${url}/a/b?c=%27%20OR%201=1--`, { method: 'POST', body: 'x', redirect: 'manual' })
  assert.equal(answer.status, 308)
  assert.equal(answer.headers.get('location'), `https://127.0.0.1:${securePort}/a/b?c=%27%20OR%201=1--`)
  assert.equal(answer.headers.get('strict-transport-security'), null)
  const probe = await fetch(`${url}/.well-known/acme-challenge/unknown`, { redirect: 'manual' })
  assert.equal(probe.status, 200, 'never for the look of an authority; a token that is not ours is an ordinary request')
  using client = await openRawClient(Number(new URL(url).port))
  client.send('GET / HTTP/1.0\r\n\r\n')
  assert.match(await client.closed(), /^HTTP\/1\.1 (?!308)/)
  assert.equal((await events(0)).length, 0)
})

test('a session goes on at any worker', async t => {
  const { gateway } = await startTestGateway(t, { listen: [{ https: '127.0.0.1:0' }], workers: 3 })
  const port = gateway.listening[0]?.port ?? 0
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    let session: Buffer | undefined
    let reused = 0
    for (let i = 0; i < 12; i++) {
      const options = { ...unchecked, host: '127.0.0.1', port, servername: 'localhost', maxVersion }
      session = await new Promise<Buffer>((resolve, reject) => {
        const socket = connect({ ...options, ...(session && { session }) }, () => {
          if (socket.isSessionReused()) reused++
          socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        })
        let last: Buffer | undefined
        socket.on('session', ticket => {
          last = ticket
        })
        socket.on('error', reject).resume()
        socket.on('close', () => resolve(last ?? session ?? Buffer.alloc(0)))
      })
    }
    assert.equal(reused, 11, maxVersion)
  }
})

test('certificates change with their files; connections and requests go on', { skip: noOpenssl }, async t => {
  const authority = openAuthority()
  const [first, second] = [authority.issue('one', 'DNS:one.example'), authority.issue('two', 'DNS:two.example')]
  const dir = mkdtempSync(join(tmpdir(), 'merlon-cert-'))
  const [cert, key] = [join(dir, 'c.pem'), join(dir, 'k.pem')]
  const put = (pair: typeof first) => {
    copyFileSync(pair.key, key)
    copyFileSync(pair.cert, cert)
  }
  put(first)
  const listen = [{ https: '127.0.0.1:0', cert, key }]
  const { gateway, config, logged, events } = await startTestGateway(t, { listen })
  const port = gateway.listening[0]?.port ?? 0
  const names = async () => (await get(port, '/', unchecked)).names
  assert.equal(await names(), 'DNS:one.example')
  assert.match(logged.join('\n'), /ends in [45] days/)

  const kept = await connectTls(port)
  let isDone = false
  const load = sendUntil(
    () => isDone,
    3,
    async () => (await get(port, '/', unchecked)).status,
  )
  put(second)
  for (let i = 0; i < 600 && (await names()) !== 'DNS:two.example'; i++) await delay(50)
  assert.equal(await names(), 'DNS:two.example')
  isDone = true
  const { statuses, errors } = await load
  assert.deepEqual([[...statuses.keys()], errors], [[200], []])
  const answered = new Promise<string>(resolve => kept.once('data', chunk => resolve(String(chunk))))
  kept.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(await answered, /^HTTP\/1\.1 200/)

  // A key that is another's, by reload and by file: both are told, and what was good goes on.
  copyFileSync(first.key, key)
  const bad = await gateway.reload(config())
  assert.ok(!bad.ok)
  assert.deepEqual(
    [bad.problems[0]?.path, bad.problems[0]?.message],
    ['listen.0.cert', 'the key is of another certificate'],
  )
  for (let i = 0; i < 600 && !logged.some(line => line.includes('go on')); i++) await delay(50)
  assert.equal(await names(), 'DNS:two.example')
  const told = await events(3)
  assert.ok(told.some(({ json }) => json.includes('certificate.bad')))
  put(first)
  assert.deepEqual(await gateway.reload(config()), { ok: true })
  assert.equal(await names(), 'DNS:one.example')
})

test('from http to https and back on one port, by reload', async t => {
  const { gateway, url, config } = await startTestGateway(t)
  const port = gateway.listening[0]?.port ?? 0
  assert.equal((await fetch(url, { headers: { connection: 'close' } })).status, 200)
  assert.deepEqual(await gateway.reload(config({ listen: [{ https: '127.0.0.1:0' }] })), { ok: true })
  assert.equal((await get(port, '/', unchecked)).status, 200)
  const plain = await fetch(url, { headers: { connection: 'close' } })
  assert.deepEqual([plain.status, await plain.text()], [400, 'This port speaks HTTPS.\n'])
  assert.deepEqual(await gateway.reload(config()), { ok: true })
  assert.equal((await fetch(url, { headers: { connection: 'close' } })).status, 200)
})

test('limits of the handshake', async t => {
  const limits = { helloBytes: '2KiB', helloTimeout: '2s', handshakeTimeout: '2s', headerTimeout: '2s' }
  const { gateway, events } = await startTestGateway(t, { listen: [{ https: '127.0.0.1:0' }], limits, workers: 1 })
  const port = gateway.listening[0]?.port ?? 0
  const limited = async (limit: string) =>
    Number(new RegExp(`merlon_limited_total\\{limit="${limit}"\\} (\\d+)`).exec(await gateway.metrics())?.[1] ?? 0)
  const cutAfter = async (bytes: Uint8Array) => {
    const startMs = performance.now()
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    socket.write(bytes)
    await new Promise(resolve => socket.once('close', resolve))
    return performance.now() - startMs
  }
  const record = (length: number) => Buffer.from([22, 3, 1, length >> 8, length & 255])
  assert.ok(
    (await cutAfter(Buffer.concat([record(2043), Buffer.from([1])]))) > 1900,
    'a hello at its limit is waited for',
  )
  assert.deepEqual([await limited('helloTimeout'), await limited('helloBytes')], [1, 0])
  await cutAfter(Buffer.concat([record(2044), Buffer.from([1])]))
  assert.deepEqual([await limited('helloTimeout'), await limited('helloBytes')], [1, 1], 'one byte more is not')
  assert.ok((await cutAfter(Buffer.from([22]))) > 1900, 'nor is one that is too slow')
  const hello = await recordedHello()
  const tookMs = await cutAfter(hello)
  assert.ok(tookMs > 1900, 'a handshake that is not finished')
  assert.equal(await limited('handshakeTimeout'), 1)
  const told = (await events(3)).map(({ json }) => /limits\.(\w+)/.exec(json)?.[1])
  assert.deepEqual(told.sort(), ['handshakeTimeout', 'helloBytes', 'helloTimeout'])
  // The clock of the headers runs for connections that came over TLS too.
  const slow = await connectTls(port)
  slow.write('GET / HTTP/1.1\r\nHo')
  assert.match(
    await new Promise<string>(resolve => slow.once('data', chunk => resolve(String(chunk)))),
    /^HTTP\/1\.1 408/,
  )
})

/** The ClientHello of this Node. */
function recordedHello(): Promise<Buffer> {
  return new Promise(resolve => {
    const server = createServer(client => {
      client
        .on('error', () => {})
        .once('data', bytes => {
          client.destroy()
          server.close()
          resolve(bytes)
        })
    })
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      connect({ host: '127.0.0.1', port, rejectUnauthorized: false }).on('error', () => {})
    })
  })
}

test('the same over a file of the state folder that is broken', async t => {
  const { gateway, dir, config } = await startTestGateway(t, { listen: [{ https: '127.0.0.1:0' }] })
  const file = join(dir, 'state/certificates/self-signed.pem')
  const before = readFileSync(file, 'utf8')
  writeFileSync(file, before.slice(0, 300))
  assert.deepEqual(await gateway.reload(config()), { ok: true })
  assert.notEqual(readFileSync(file, 'utf8'), before)
  assert.equal((await get(gateway.listening[0]?.port ?? 0, '/', unchecked)).status, 200)
})
