// The admin listeners: one on the address in `admin.listen`, one on a Unix socket in the state folder, which the CLI
// uses. The socket also keeps two gateways from sharing one state folder.

import { chmodSync, existsSync, unlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import type { Address } from '../config/config.ts'
import { parseIp } from '../lib/ip.ts'
import { type AdminAnswer, adminRoutes, json } from './routes.ts'
import type { Runtime } from './runtime.ts'

export interface AdminServer {
  /** Undefined for the socket. */
  readonly address: Address | undefined
  close(): Promise<void>
}

/** sun_path holds 108 bytes on Linux and 104 elsewhere, the closing zero included. */
const socketPathMax = 103
/** No request from elsewhere than the socket is larger. */
const bodyBytesMax = 64 * 1024
/** On the socket of the state folder, which is ours alone: a file of keys to be imported. */
const socketBodyBytesMax = 2 * 1024 * 1024

export function adminSocketPath(stateDir: string): string {
  return join(stateDir, 'admin.sock')
}

/** @throws Error as node:net does, when it can't listen */
export async function openAdminAddress({ host, port }: Address, runtime: Runtime): Promise<AdminServer> {
  const server = createAdminServer(runtime, 'anyone', () => isLoopback((server.address() as AddressInfo).address))
  await listen(server, () => server.listen({ host, port }))
  const found = server.address() as AddressInfo
  return { address: { host, port: found.port }, close: () => close(server) }
}

/** @throws Error when another gateway serves there, or the path is too long for a socket */
export async function openAdminSocket(stateDir: string, runtime: Runtime): Promise<AdminServer> {
  const path = adminSocketPath(stateDir)
  if (Buffer.byteLength(path) > socketPathMax) {
    throw new Error(`the path of the state folder is too long for a Unix socket: ${path}`)
  }
  if (existsSync(path)) {
    if (await isServed(path)) throw new Error(`another gateway is running with the state folder ${stateDir}`)
    unlinkSync(path)
  }
  const server = createAdminServer(runtime, 'socket')
  const umask = process.umask(0o177) // it must never be open to others, not even for the moment before chmod
  try {
    await listen(server, () => server.listen(path))
  } finally {
    process.umask(umask)
  }
  chmodSync(path, 0o600)
  return { address: undefined, close: () => close(server) }
}

function createAdminServer(runtime: Runtime, access: 'anyone' | 'socket', isLocal = () => false): Server {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (req, res) => {
    if (isLocal() && !isLocalHost(req.headers.host)) return send(res, json(421, { title: 'Misdirected request' }))
    void answer(runtime, access, req, res)
  })
  server.maxConnections = 64
  server.on('clientError', (_error, socket) => socket.destroy())
  return server
}

async function answer(
  runtime: Runtime,
  access: 'anyone' | 'socket',
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const [path = '/', query = ''] = (req.url ?? '/').split('?', 2)
  const known = adminRoutes.filter(route => route.path === path && (access === 'socket' || route.access === 'anyone'))
  const route = known.find(({ method }) => method === req.method)
  let result = json(known.length === 0 ? 404 : 405, { title: known.length === 0 ? 'Not found' : 'Method not allowed' })
  if (route) {
    try {
      const body = await readJson(req, access === 'socket' ? socketBodyBytesMax : bodyBytesMax)
      result = body.ok
        ? await route.handle(runtime, new URLSearchParams(query), body.value)
        : json(400, { title: 'Bad request', detail: body.why })
    } catch (error) {
      result = json(500, { title: 'Internal error', detail: error instanceof Error ? error.message : String(error) })
    }
  }
  req.resume()
  send(res, result)
}

function send(res: ServerResponse, result: AdminAnswer): void {
  res.writeHead(result.status, {
    'content-type': result.contentType,
    'content-length': Buffer.byteLength(result.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  res.end(result.body)
}

type Body = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string }

async function readJson(req: IncomingMessage, bytesMax: number): Promise<Body> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) return { ok: false, why: 'the body is too large' }
    chunks.push(chunk)
  }
  if (bytes === 0) return { ok: true, value: undefined }
  try {
    return { ok: true, value: JSON.parse(Buffer.concat(chunks).toString('utf8')) }
  } catch {
    return { ok: false, why: 'the body is not JSON' }
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** By name only as localhost: a web page can have a name of its own lead to loopback, and would read what is said. */
function isLocalHost(host = ''): boolean {
  const name = host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '')
  return name.toLowerCase() === 'localhost' || parseIp(name) !== undefined
}

function listen(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    start()
  })
}

/** Whether somebody answers on a socket, or it was left behind by a gateway that was killed. */
function isServed(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
