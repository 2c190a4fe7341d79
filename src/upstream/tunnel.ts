// A tunnel after 101 Switching Protocols: bytes both ways, with back-pressure; the end of one direction is told to the
// other side, and goes on the other way until that ends too. WebSockets are looked into where the route wants it.

import type { Duplex } from 'node:stream'
import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { TunnelClient } from '../pipeline/route.ts'
import type { OpenTunnel } from './attempt.ts'
import { responseHeaders } from './response-headers.ts'
import { WebSocketTunnel } from './websocket-tunnel.ts'

/** Whether the frames of this upgrade are to be looked at. What only smells of a WebSocket is treated as one. */
export function looksInto(ex: Exchange): boolean {
  if (ex.route.messages === undefined) return false
  const { headers } = ex
  if (headers.getAll('upgrade').some(value => value.toLowerCase().includes('websocket'))) return true
  return headers.get('sec-websocket-key') !== undefined || headers.get('sec-websocket-version') !== undefined
}

/** @throws GatewayError (from what it gives) when the upstream agreed to something that was not asked for */
export function createTunnel(ex: Exchange, to: TunnelClient): OpenTunnel {
  return (upstream, rawHeaders) => {
    const headers = responseHeaders(rawHeaders) ?? []
    const inspected = looksInto(ex)
    checkAnswer(ex, headers, inspected)
    upstream.allowHalfOpen = true
    const client = to.open(headers)
    ex.status = 101
    const idle = watchSilence(ex.route.limits.tunnelIdleTimeout, client, upstream)
    if (inspected) {
      const tunnel = new WebSocketTunnel(ex, client, upstream)
      idle.onSilence = () => tunnel.close(1001)
      if (to.head.length > 0) tunnel.fromClient(Buffer.from(to.head))
    } else {
      if (to.head.length > 0) upstream.write(to.head)
      client.pipe(upstream)
      upstream.pipe(client)
    }
    return Promise.all([closed(client, upstream), closed(upstream, client)]).then(() => idle.end())
  }
}

function checkAnswer(ex: Exchange, headers: readonly string[], inspected: boolean): void {
  const has = (name: string) => headers.some((text, i) => i % 2 === 0 && text.toLowerCase() === name)
  const isHidden = !inspected && ex.route.messages !== undefined && has('sec-websocket-accept')
  if (isHidden) throw new GatewayError('UPSTREAM_PROTOCOL', 'upstream', 'a WebSocket that nobody asked for')
  if (inspected && has('sec-websocket-extensions')) {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'upstream', 'a WebSocket extension that nobody offered')
  }
}

interface Silence {
  onSilence: () => void
  end(): void
}

function watchSilence(timeoutMs: number, client: Duplex, upstream: Duplex): Silence {
  const watch: Silence = {
    onSilence: () => {
      client.destroy()
      upstream.destroy()
    },
    end: () => clearTimeout(timer),
  }
  const timer = setTimeout(() => watch.onSilence(), timeoutMs)
  const heard = () => void timer.refresh()
  client.on('data', heard)
  upstream.on('data', heard)
  return watch
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
