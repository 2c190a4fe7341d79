// A tunnel after 101 Switching Protocols: bytes both ways, with back-pressure; the end of one direction is told to the
// other side, and goes on the other way until that ends too.

import type { Duplex } from 'node:stream'
import type { Exchange } from '../pipeline/exchange.ts'
import type { TunnelClient } from '../pipeline/route.ts'
import type { OpenTunnel } from './attempt.ts'
import { responseHeaders } from './response-headers.ts'

export function createTunnel(ex: Exchange, to: TunnelClient): OpenTunnel {
  return (upstream, rawHeaders) => {
    ex.status = 101
    upstream.allowHalfOpen = true
    const client = to.open(responseHeaders(rawHeaders) ?? [])
    if (to.head.length > 0) upstream.write(to.head)
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
