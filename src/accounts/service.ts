// The private listener of the authorization server: a Unix socket in the state folder that only our own workers know,
// so that every request to it has passed the guards of its route.

import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { TokenEndpoints } from './token-endpoints.ts'

type Listener = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** Longer paths than this don't fit into the address of a socket. */
const socketPathMax = 103

export interface AccountsService {
  /** Takes other signing keys or another issuer. */
  use(server: Listener, issuer: string): void
  close(): Promise<void>
}

/** @throws Error as node:net does, when it can't listen */
export async function openAccountsService(
  path: string,
  endpoints: TokenEndpoints,
  first: Listener,
  issuer: string,
): Promise<AccountsService> {
  if (Buffer.byteLength(path) > socketPathMax) {
    throw new Error(`the path of the state folder is too long for a Unix socket: ${path}`)
  }
  let oauth = first
  let origin = new URL(issuer)
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 90_000 })
  server.on('request', (req, res) => {
    // Addresses in metadata come from the issuer that was configured, never from what a client wrote.
    req.headers.host = origin.host
    req.headers['x-forwarded-host'] = origin.host
    req.headers['x-forwarded-proto'] = origin.protocol.slice(0, -1)
    const [path = '/'] = (req.url ?? '/').split('?', 1)
    endpoints
      .prepare(path, req)
      .then(prepared => (prepared ? oauth(prepared, res) : fail(res, 413, 'invalid_request')))
      .catch(() => fail(res, 500, 'server_error'))
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  rmSync(path, { force: true }) // left by a gateway that was killed; the admin socket has told that none runs
  await listen(server, path)
  return {
    use: (next, nextIssuer) => {
      oauth = next
      origin = new URL(nextIssuer)
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The answer when it could not be given, without a word of the inside. */
function fail(res: ServerResponse, status: number, error: string): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' })
  res.end(JSON.stringify({ error }))
}

async function listen(server: Server, path: string): Promise<void> {
  const umask = process.umask(0o177) // it must never be open to others, not even for the moment before chmod
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } finally {
    process.umask(umask)
  }
  chmodSync(path, 0o600)
}
