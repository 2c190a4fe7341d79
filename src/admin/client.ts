// Asks a running gateway through the Unix socket in its state folder. What the command line uses.

import { request } from 'node:http'
import { adminSocketPath } from './server.ts'

export interface AdminReply {
  readonly status: number
  readonly body: unknown
}

/** No answer of the admin API is larger. */
const replyBytesMax = 16 * 1024 * 1024
const timeoutMs = 60_000

/** The reply, or undefined when no gateway runs with this state folder. @throws Error when the reply breaks off */
export function askGateway(
  stateDir: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<AdminReply | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: adminSocketPath(stateDir), method, path, timeout: timeoutMs }, incoming => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        text += chunk
        if (text.length > replyBytesMax) incoming.destroy(new Error('the reply of the gateway is too large'))
      })
      incoming.on('error', reject)
      incoming.on('end', () => {
        try {
          resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text) })
        } catch {
          reject(new Error(`the gateway replied ${incoming.statusCode} without JSON`))
        }
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('the gateway does not reply')))
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(error)
    })
    outgoing.end(body && JSON.stringify(body))
  })
}
