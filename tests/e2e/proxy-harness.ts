// A gateway in this process for tests over real sockets: one route, guards made of plain objects, and a back end.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import { createIdentify } from '../../src/client/identify.ts'
import type { HealthConfig, UpstreamConfig } from '../../src/config/config.ts'
import { openHttp1Listener } from '../../src/listen/h1.ts'
import { createFallbackRoute, type Handler } from '../../src/listen/handler.ts'
import { createReferences } from '../../src/listen/reference.ts'
import type { ListenerSettings } from '../../src/listen/settings.ts'
import { type BodyPolicy, defaultBodyPolicy } from '../../src/pipeline/body.ts'
import type { Exchange } from '../../src/pipeline/exchange.ts'
import type { Guard } from '../../src/pipeline/guard.ts'
import { compileHeaderRules, type HeadersConfig, noHeaderRules } from '../../src/pipeline/header-rules.ts'
import { defaultLimits, type Limits } from '../../src/pipeline/limits.ts'
import type { PathForm } from '../../src/pipeline/path-form.ts'
import type { Destination, Route, Step } from '../../src/pipeline/route.ts'
import { createUpstream } from '../../src/upstream/upstream.ts'

export interface GatewayOptions {
  readonly servers: readonly string[]
  readonly guards?: readonly Guard[]
  readonly limits?: Partial<Limits>
  readonly trustedProxies?: readonly string[]
  readonly health?: HealthConfig
  readonly upstream?: Partial<UpstreamConfig>
  readonly lookUp?: (name: string) => Promise<readonly string[]>
  readonly headers?: HeadersConfig
  readonly body?: BodyPolicy
  readonly paths?: PathForm
  readonly host?: string
  readonly port?: number
  readonly reusePort?: boolean
  /** Requests for which no route is found. */
  readonly unrouted?: (path: string) => boolean
  readonly settings?: ListenerSettings
  readonly websocket?: 'pass'
  /** In place of the servers. */
  readonly destination?: Destination
}

export async function openGateway(options: GatewayOptions) {
  const limits: Limits = { ...defaultLimits, ...options.limits }
  const done: Exchange[] = []
  const recorder: Guard = {
    onDone: ex => {
      done.push(ex)
    },
  }
  const steps = [...(options.guards ?? []), recorder].map(
    (guard, i): Step => ({
      name: `guard${i}`,
      guard,
      mode: 'protect',
      onError: 'deny',
      stats: { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 },
    }),
  )
  const upstream = createUpstream(
    'test',
    { servers: options.servers, health: options.health, ...options.upstream },
    limits,
    {},
    options.lookUp,
  )
  const route: Route = {
    name: 'test',
    mode: 'protect',
    phases: {
      onHeaders: steps.filter(step => step.guard.onHeaders),
      onBody: steps.filter(step => step.guard.onBody),
      onResponseHeaders: steps.filter(step => step.guard.onResponseHeaders),
      onResponseBody: steps.filter(step => step.guard.onResponseBody),
    },
    done: steps.filter(step => step.guard.onDone),
    destination: options.destination ?? upstream,
    limits,
    body: options.body ?? defaultBodyPolicy,
    messages: options.websocket === 'pass' ? undefined : steps.filter(step => step.guard.onMessage),
    paths: options.paths ?? 'normalize',
    headers: options.headers ? compileHeaderRules(options.headers) : noHeaderRules,
  }
  const handler: Handler = {
    limits,
    identify: createIdentify(options.trustedProxies ?? []),
    match: (_method, _host, path) => (options.unrouted?.(path) ? undefined : route),
    fallback: createFallbackRoute(limits, route.done),
  }
  const listener = await openHttp1Listener({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    reusePort: options.reusePort ?? false,
    handler,
    ...(options.settings && { settings: options.settings }),
    nextReference: createReferences(),
    now: Date.now,
  })
  const { port } = listener.address
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    listener,
    upstream,
    /** Exchanges that are done, in order. */
    done,
    async [Symbol.asyncDispose]() {
      await listener.close({ drainMs: 0 })
      await upstream.close()
    },
  }
}

export async function openBackend(
  onRequest: (req: IncomingMessage, res: ServerResponse) => unknown,
  setUp?: (server: Server) => void,
) {
  // A client that goes away is no failure of the back end.
  const server = createServer({ requestTimeout: 0 }, (req, res) => {
    Promise.resolve(onRequest(req, res)).catch(() => res.destroy())
  })
  setUp?.(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A back end that speaks bytes. */
export async function openRawBackend(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server: NetServer = createNetServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A client that speaks bytes. `until` waits for a text in all that has come. */
export async function openRawClient(port: number, host = '127.0.0.1') {
  const socket = connect({ port, host, allowHalfOpen: true })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let text = ''
  let closed = false
  const wake = new Set<() => void>()
  const notify = () => {
    for (const check of [...wake]) check()
  }
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
    notify()
  })
  socket.on('error', () => {})
  const over = () => {
    closed = true
    notify()
  }
  socket.on('close', over).on('end', over)
  const wait = (ready: () => boolean, what: string, timeoutMs: number) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        if (!ready()) return
        clearTimeout(timer)
        wake.delete(check)
        resolve(text)
      }
      const timer = setTimeout(() => {
        wake.delete(check)
        reject(new Error(`waited ${timeoutMs} ms for ${what}, got: ${JSON.stringify(text.slice(0, 500))}`))
      }, timeoutMs)
      wake.add(check)
      check()
    })
  return {
    socket,
    get text() {
      return text
    },
    send: (bytes: string | Uint8Array) =>
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    until: (wanted: string, timeoutMs = 20_000) => wait(() => text.includes(wanted), wanted, timeoutMs),
    count: (wanted: string, times: number, timeoutMs = 20_000) =>
      wait(() => text.split(wanted).length > times, `${times} × ${wanted}`, timeoutMs),
    closed: (timeoutMs = 20_000) => wait(() => closed, 'the end', timeoutMs),
    [Symbol.dispose]() {
      socket.destroy()
    },
  }
}

/** Waits until something holds. */
export async function eventually(holds: () => boolean, timeoutMs = 30_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`did not come true in ${timeoutMs} ms: ${holds}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
