// One client connection: who is at its other end, one request at a time, and its end.

import type { Socket } from 'node:net'
import type { Identify, Peer } from '../client/identify.ts'
import type { ClientTls, Exchange } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'

/** Pipelined requests that wait before we stop reading. What was read with them is parsed all the same. */
const pipelinedMax = 32
/** No client has a use for this many. */
const pipelinedAbsurd = 4096
/** Silence of a client that gets its last answer while it still sends. */
const lingerIdleMs = 2_000

/** The two ends of a connection, as the kernel or a PROXY header tells them. */
export interface Ends {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
}

export class Connection {
  /** Where requests come from: the TCP socket, or the TLS socket on top of it. */
  socket: Socket
  readonly raw: Socket
  ends: Ends
  tls: ClientTls | undefined
  peer: Peer
  requests = 0
  /** Nothing that comes from now on is answered. */
  closing = false
  /** The response that is being sent is the last. */
  ending = false
  /** The last response went out before its request was in: reads on for a while before it closes. */
  lingers = false
  /** Runs when the request in work is done, instead of the next one. */
  last: (() => void) | undefined
  busy = false
  /** What is in work. */
  exchange: Exchange | undefined
  /** What speaks HTTP/2 on it; undefined for HTTP/1. */
  session: { drain(): void } | undefined
  /** The next response is the last. */
  draining = false
  readonly #limits: Limits
  #identify: Identify
  #waiting: (() => Promise<void>)[] = []

  constructor(socket: Socket, identify: Identify, limits: Limits) {
    this.socket = socket
    this.raw = socket
    this.ends = endsOf(socket)
    this.tls = undefined
    this.session = undefined
    this.#limits = limits
    this.#identify = identify
    this.peer = this.#identified()
    this.#closeSoftly(socket)
  }

  get secure(): boolean {
    return this.tls !== undefined
  }

  /** The peer as `identify` sees it, which a reload may have changed. */
  peerFor(identify: Identify): Peer {
    if (identify !== this.#identify) {
      this.#identify = identify
      this.peer = this.#identified()
    }
    return this.peer
  }

  /** A proxy has told for whom it connects. */
  revealed(ends: Ends): void {
    this.ends = ends
    this.peer = this.#identified()
  }

  /** The TLS handshake is done: what is said from now on is said on top of it. */
  secured(socket: Socket, tls: ClientTls): void {
    this.socket = socket
    this.tls = tls
    this.peer = this.#identified()
    this.#closeSoftly(socket)
  }

  /** Ends it so that the other side can't take what it has for the whole. */
  reset(): void {
    if (this.raw.destroyed) this.socket.destroy()
    else this.raw.resetAndDestroy()
  }

  /** Serves now, or when the request before is done: pipelined requests are not served side by side. */
  run(serve: () => Promise<void>): void {
    if (!this.busy) {
      this.#start(serve)
      return
    }
    this.#waiting.push(serve)
    if (this.#waiting.length >= pipelinedAbsurd) this.socket.destroy()
    else if (this.#waiting.length === pipelinedMax) {
      // Not at once: each request that Node makes of what was read with this one starts the reading again.
      process.nextTick(() => {
        if (this.#waiting.length >= pipelinedMax) this.socket.pause()
      })
    }
  }

  /** Lets the request in work end, and no other begin. */
  drain(): void {
    this.draining = true
    if (this.session) this.session.drain()
    else if (!this.busy) this.socket.destroySoon()
  }

  /** Says goodbye, then reads and drops what still comes, so that the client gets to read the answer. */
  linger(): void {
    this.closing = true
    const { socket } = this
    socket.end()
    const timer = setTimeout(() => socket.destroy(), this.#limits.lingerTimeout)
    socket.once('close', () => clearTimeout(timer))
    socket.setTimeout(Math.min(lingerIdleMs, this.#limits.lingerTimeout), () => socket.destroy())
    socket.resume()
  }

  #identified(): Peer {
    const { remoteAddress, remotePort } = this.ends
    return this.#identify.peer(remoteAddress, remotePort, this.secure, this.tls)
  }

  /**
   * The server calls destroySoon after the last response. Destroying a socket with unread bytes makes the kernel send a
   * reset, which can take the answer away from a client that is still sending (RFC 9112 §9.6).
   */
  #closeSoftly(socket: Socket): void {
    const close = socket.destroySoon.bind(socket)
    socket.destroySoon = () => {
      if (this.lingers) this.linger()
      else close()
    }
  }

  async #start(serve: () => Promise<void>): Promise<void> {
    this.busy = true
    this.requests++
    try {
      await serve()
    } catch {
      this.socket.destroy() // a bug before there was anybody to answer for it
    }
    this.#next()
  }

  #next(): void {
    this.busy = false
    this.exchange = undefined
    if (this.closing || this.ending || this.socket.destroyed) {
      this.#waiting = []
      return
    }
    if (this.last && this.#waiting.length === 0) return this.last()
    const next = this.#waiting.shift()
    if (!next) return
    if (this.#waiting.length === pipelinedMax - 1) this.socket.resume()
    this.socket.setTimeout(0) // what the response before may have set
    this.#start(next)
  }
}

function endsOf({ remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 }: Socket): Ends {
  return { remoteAddress, remotePort, localAddress, localPort }
}
