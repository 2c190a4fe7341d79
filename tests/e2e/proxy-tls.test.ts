// Upstreams over TLS: the certificate must be for the name in the upstream's URL, whatever Host the client sends.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { openGateway, openRawClient } from './proxy-harness.ts'

function selfSigned(names: string): { key: Buffer; cert: Buffer } | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-tls-'))
  try {
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    const files = ['-subj', '/CN=test', '-addext', `subjectAltName=${names}`, '-keyout', `${dir}/k`, '-out', `${dir}/c`]
    execFileSync('openssl', [...args, ...files], { stdio: 'ignore' })
    return { key: readFileSync(`${dir}/k`), cert: readFileSync(`${dir}/c`) }
  } catch {
    return undefined
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const pair = selfSigned('DNS:localhost,IP:127.0.0.1')

test('tls: verified against the upstream name, with its SNI', { skip: pair ? false : 'no openssl' }, async () => {
  const server = createServer({ ...pair }, (req, res) => {
    const { servername } = req.socket as TLSSocket & { servername: string | false }
    res.end(JSON.stringify({ servername, host: req.headers.host, reused: (req.socket as TLSSocket).isSessionReused() }))
  })
  let connections = 0
  server.on('secureConnection', () => connections++)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const untrusting = await openGateway({ servers: [`https://localhost:${port}`] })
    assert.equal((await fetch(untrusting.url)).status, 502)
    await untrusting[Symbol.asyncDispose]()

    setDefaultCACertificates([...getCACertificates('default'), String(pair?.cert)])
    for (const [host, servername] of [
      ['localhost', 'localhost'],
      ['127.0.0.1', false],
    ] as const) {
      await using gateway = await openGateway({ servers: [`https://${host}:${port}`] })
      const before = connections
      for (const name of ['a.example', 'b.example', 'a.example']) {
        const response = await rawGet(gateway.port, name)
        assert.deepEqual(JSON.parse(response), { servername, host: name, reused: false })
      }
      assert.equal(connections - before, 1)
    }
    const wrongName = selfSigned('DNS:other.example')
    assert.ok(wrongName)
    setDefaultCACertificates([...getCACertificates('default'), String(wrongName.cert)])
    server.setSecureContext(wrongName)
    await using gateway = await openGateway({ servers: [`https://localhost:${port}`] })
    assert.equal((await fetch(gateway.url)).status, 502)
    assert.match(gateway.done[0]?.failure?.message ?? '', /altnames/)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

async function rawGet(port: number, host: string): Promise<string> {
  using client = await openRawClient(port)
  client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  const text = await client.closed()
  return text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)
}
