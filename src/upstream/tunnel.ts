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
    ex.cancel = () => upstream.destroy()
    upstream.allowHalfOpen = true
    client.write(switchingProtocols(ex, rawHeaders), 'latin1')
    if (head.length > 0) upstream.write(head)
    client.pipe(upstream)
    upstream.pipe(client)
    return new Promise(resolve => {
      let open = 2
      const closed = (other: Duplex) => {
        if (--open === 0) resolve()
        else other.destroy()
      }
      client.on('error', () => upstream.destroy()).once('close', () => closed(upstream))
      upstream.on('error', () => client.destroy()).once('close', () => closed(client))
    })
  }
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
