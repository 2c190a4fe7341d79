// The demo API: a small shop with deliberate holes, so that every attack has something to hit. It listens on loopback
// only, and its holes lead into a world of its own (world/). README.md lists them.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { findRoute, json, notFound, type ShopAnswer } from './route.ts'
import { shopRoutes } from './routes/table.ts'
import { openWorld, type World } from './world/world.ts'

export interface ShopOptions {
  /** 0: any free port. */
  readonly port: number
  /** A loopback address; anything else is refused. */
  readonly host?: string
}

export interface RunningShop {
  readonly url: string
  close(): Promise<void>
}

const maxBodyBytes = 8 * 1_048_576
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
}

/** @throws Error when the address is not loopback or not free */
export async function startShop({ port, host = '127.0.0.1' }: ShopOptions): Promise<RunningShop> {
  if (!isLoopback(host)) throw new Error(`the demo shop is full of holes and listens on loopback only, not on ${host}`)
  const world = await openWorld()
  const server = createServer(timeouts, (request, response) => {
    answer(request, world).then(
      found => send(request, response, found),
      error => send(request, response, json(500, { error: error instanceof Error ? error.message : 'failed' })),
    )
  })
  const close = async () => {
    await closeServer(server)
    await world.close()
  }
  try {
    await listen(server, port, host)
  } catch (error) {
    await world.close()
    throw error
  }
  const address = server.address() as AddressInfo
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    close,
  }
}

/** `localhost` is not taken: where it leads is for the machine's resolver to say. */
function isLoopback(host: string): boolean {
  return (isIP(host) === 4 && host.startsWith('127.')) || host === '::1'
}

async function answer(request: IncomingMessage, world: World): Promise<ShopAnswer> {
  const target = request.url ?? '/'
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const method = request.method ?? 'GET'
  const body = await readBody(request)
  if (!body) return json(413, { error: 'the body is too large' }, { connection: 'close' })
  const found = findRoute(shopRoutes, method, path)
  if ('allowed' in found)
    return found.allowed.length === 0
      ? notFound()
      : json(405, { error: 'method not allowed' }, { allow: found.allowed.join(', ') })
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value)
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
  return found.route.handle({ method, params: found.params, query, headers, body }, world)
}

/** The whole body, or undefined when it is larger than the shop takes. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body, rawHead }: ShopAnswer,
): void {
  if (rawHead !== undefined) {
    // Past Node's check of header values, or response splitting would not work. One answer, then the connection ends.
    const head = `HTTP/1.1 ${status} Found\r\nContent-Length: 0\r\nConnection: close\r\n${rawHead}\r\n`
    request.socket.end(Buffer.from(head, 'utf8'))
    return
  }
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
