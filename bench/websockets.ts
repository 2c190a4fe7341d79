// What an idle WebSocket costs: so many clients, spread over 127.0.0.0/8, open one each through a gateway in a process
// of its own. Its resident memory before and after, by their number.

import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createIdentify } from '../src/client/identify.ts'
import { openHttp1Listener } from '../src/listen/h1.ts'
import { createFallbackRoute } from '../src/listen/handler.ts'
import { createReferences } from '../src/listen/reference.ts'
import { defaultLimits } from '../src/pipeline/limits.ts'
import type { Route } from '../src/pipeline/route.ts'
import { createUpstream } from '../src/upstream/upstream.ts'

const clients = Number(process.env['MERLON_BENCH_WEBSOCKETS'] ?? 4000)
/** So many from one address: below connectionsPerIp. */
const perAddress = 100
const targetKiB = 25
const settleMs = 3000
const handshake =
  'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
const agreed =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

export async function benchWebSockets(): Promise<void> {
  const held = new Set<Socket>()
  const backend = createServer().on('upgrade', (_req, socket: Socket) => {
    held.add(socket)
    socket.on('error', () => {})
    socket.write(agreed)
  })
  await new Promise<void>(resolve => backend.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  const upstream = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
  // As bin/merlon starts it.
  const gateway = fork(import.meta.filename, ['gateway', upstream], {
    execArgv: ['--expose-gc', '--max-semi-space-size=4'],
  })
  const port = await new Promise<number>(resolve => gateway.once('message', resolve))
  const sockets: Socket[] = []
  try {
    await openAll(port, 100, sockets) // what is made once, for the first
    const before = await residentBytes(gateway)
    await openAll(port, clients, sockets)
    const after = await residentBytes(gateway)
    const each = (after - before) / clients / 1024
    console.log(`\nidle WebSockets: ${clients} on one gateway, ${Math.ceil(clients / perAddress)} addresses`)
    console.log(
      `  RSS ${mebibytes(before)} → ${mebibytes(after)} MiB: ${each.toFixed(1)} KiB each (target ${targetKiB})`,
    )
  } finally {
    for (const socket of [...sockets, ...held]) socket.destroy()
    gateway.kill()
    backend.close()
  }
}

async function openAll(port: number, count: number, sockets: Socket[]): Promise<void> {
  for (let i = 0; i < count; i += perAddress) {
    const n = sockets.length / perAddress
    const localAddress = `127.1.${Math.floor(n / 250)}.${1 + (n % 250)}`
    const batch = Array.from({ length: Math.min(perAddress, count - i) }, () => open(port, localAddress))
    sockets.push(...(await Promise.all(batch)))
  }
}

function open(port: number, localAddress: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    socket.on('error', reject)
    socket.once('data', chunk => {
      if (chunk.includes('101')) resolve(socket)
      else reject(new Error(chunk.toString()))
    })
    socket.write(handshake)
  })
}

/** After a collection, and when nothing is under way any more. */
async function residentBytes(gateway: ChildProcess): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, settleMs))
  gateway.send('collect')
  await new Promise(resolve => gateway.once('message', resolve))
  const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8')
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) * 1024
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}

/** The other process: a listener whose route looks into messages. */
async function runGateway(url: string): Promise<void> {
  const limits = { ...defaultLimits, tunnelIdleTimeout: 3_600_000 }
  const fallback = createFallbackRoute(limits, [])
  const destination = createUpstream('bench', { servers: [url], health: undefined }, limits)
  const route: Route = { ...fallback, name: 'bench', destination, messages: [] }
  const listener = await openHttp1Listener({
    host: '127.0.0.1',
    port: 0,
    handler: { limits, identify: createIdentify([]), match: () => route, fallback },
    nextReference: createReferences(),
    now: Date.now,
  })
  process.on('message', () => {
    globalThis.gc?.()
    process.send?.('collected')
  })
  process.send?.(listener.address.port)
}

if (process.argv[2] === 'gateway') await runGateway(process.argv[3] ?? '')
