// What a TLS handshake and a request over it cost the gateway, beside a bare Node server with the same certificate and
// settings: processor time of the server's process for each, in one run. The gateway's side has no guard and answers
// from its own back end in this process, whose time is part of both.

import { createServer } from 'node:http'
import { createServer as createTlsServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { createSelfSigned } from '../src/certificates/self-signed.ts'
import { createIdentify } from '../src/client/identify.ts'
import { openHttp1Listener } from '../src/listen/h1.ts'
import { createFallbackRoute } from '../src/listen/handler.ts'
import { createReferences } from '../src/listen/reference.ts'
import { plainSettings } from '../src/listen/settings.ts'
import { contextOptions } from '../src/listen/tls-options.ts'
import { defaultLimits } from '../src/pipeline/limits.ts'
import { createUpstream } from '../src/upstream/upstream.ts'

const rounds = 300
const limits = { ...defaultLimits, connectionsPerIp: 100_000 }

export async function benchHandshake(): Promise<void> {
  const { cert, key } = createSelfSigned(['localhost'], Date.now())
  const certificate = { names: ['localhost'], cert, key }
  const tls = { certificates: [certificate], clients: undefined, ticketKeys: Buffer.alloc(48, 1), hstsSeconds: 0 }
  const backend = createServer((_req, res) => res.end('ok'))
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
  const upstream = createUpstream(
    'bench',
    { servers: [`http://127.0.0.1:${(backend.address() as AddressInfo).port}`], health: undefined },
    limits,
  )
  const route = { ...createFallbackRoute(limits, []), destination: upstream }
  const listener = await openHttp1Listener({
    host: '127.0.0.1',
    port: 0,
    handler: { limits, identify: createIdentify([]), match: () => route, fallback: route },
    settings: { ...plainSettings, tls },
    nextReference: createReferences(),
    now: Date.now,
  })
  const bare = createTlsServer({ ...contextOptions(certificate, tls), ticketKeys: tls.ticketKeys }, (_req, res) =>
    res.end('ok'),
  )
  await new Promise<void>(resolve => bare.listen(0, '127.0.0.1', resolve))
  try {
    const ports = { bare: (bare.address() as AddressInfo).port, merlon: listener.address.port }
    for (const port of Object.values(ports)) await handshakes(port, 30)
    const handshake = { bare: await handshakes(ports.bare, rounds), merlon: await handshakes(ports.merlon, rounds) }
    const asked = { bare: await requests(ports.bare, rounds), merlon: await requests(ports.merlon, rounds) }
    console.log('handshake and request over TLS, µs of processor time with the client in the same process')
    for (const [name, { bare: base, merlon }] of Object.entries({ handshake, 'new connection and request': asked })) {
      console.log(
        `  ${name}: bare Node ${Math.round(base)}, Merlon ${Math.round(merlon)}, × ${(merlon / base).toFixed(2)}`,
      )
    }
  } finally {
    await listener.close({ drainMs: 0 })
    await upstream.close()
    bare.closeAllConnections()
    bare.close()
    backend.closeAllConnections()
    backend.close()
  }
}

/** Processor time of one, client and server together. */
async function cpuOf(count: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

function handshakes(port: number, count: number): Promise<number> {
  return cpuOf(
    count,
    () =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false }, () => {
          socket.end()
        })
        socket
          .once('close', () => resolve())
          .once('error', reject)
          .resume()
      }),
  )
}

function requests(port: number, count: number): Promise<number> {
  return cpuOf(
    count,
    () =>
      new Promise((resolve, reject) => {
        const options = { port, host: '127.0.0.1', servername: 'localhost', agent: false, rejectUnauthorized: false }
        request(options, res => res.resume().once('end', () => resolve()))
          .once('error', reject)
          .end()
      }),
  )
}
