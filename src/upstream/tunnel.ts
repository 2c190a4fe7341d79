// A tunnel after 101 Switching Protocols: bytes both ways, with back-pressure; the end of one direction is told to the
// other side, and goes on the other way until that ends too.

import type { Duplex } from 'node:stream'
import type { Exchange } from '../pipeline/exchange.ts'
import type { OpenTunnel } from './attempt.ts'
import { responseHeaders } from './response-headers.ts'

/** @param head What the client sent after its request head. */
export function createTunnel(ex: Exchange, client: Duplex, head: Uint8Array): OpenTunnel {
  return (upstream, rawHeaders) => {
    ex.status = 101
    upstream.allowHalfOpen = true
    client.write(switchingProtocols(ex, rawHeaders), 'latin1')
    if (head.length > 0) upstream.write(head)
    client.pipe(upstream)
    upstream.pipe(client)
    return Promise.all([closed(client, upstream), closed(upstream, client)]).then(() => {})
  }
}

/** Waits for the end of a side, and ends the other: in good order if the end was one. */
function closed(side: Duplex, other: Duplex): Promise<void> {
  return new Promise(resolve => {
    side.on('error', () => other.destroy())
    side.once('close', () => {
      if (!side.readableEnded || other.writableFinished) other.destroy()
      else other.once('finish', () => other.destroy()).end()
      resolve()
    })
    if (side.destroyed) other.destroy()
  })
}

function switchingProtocols(ex: Exchange, rawHeaders: readonly Uint8Array[]): string {
  const lines = responseHeaders(rawHeaders) ?? []
  const protocol = ex.headers.get('upgrade') ?? ''
  let head = `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\nx-request-id: ${ex.reference}\r\n`
  for (let i = 0; i < lines.length; i += 2) {
    if (lines[i]?.toLowerCase() !== 'x-request-id') head += `${lines[i]}: ${lines[i + 1]}\r\n`
  }
  return `${head}\r\n`
}
