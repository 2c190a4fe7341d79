// The client's side of a request to upgrade, over the bare socket: writes the ordinary response when there will be no
// tunnel, and 101 when there is one.

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Edge } from '../pipeline/edge.ts'
import { noBody, type RequestBody } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { TunnelClient } from '../pipeline/route.ts'
import type { Connection } from './connection.ts'
import { formatHead } from './head.ts'

export class UpgradeEdge implements Edge, TunnelClient {
  readonly hasBody = false
  readonly declaredBytes = 0
  headSent = false
  onDrain: (() => void) | undefined
  onAbort: (() => void) | undefined
  readonly finished: Promise<void>
  readonly requestTrailers: readonly string[] = []
  readonly head: Uint8Array
  readonly #socket: Socket
  readonly #connection: Connection
  readonly #reference: string
  /** What the client wants to speak. */
  readonly #protocol: string
  readonly #idleTimeoutMs: number
  #ended = false

  constructor(connection: Connection, protocol: string, head: Uint8Array, reference: string, limits: Limits) {
    const { socket } = connection
    this.#connection = connection
    this.#socket = socket
    this.#protocol = protocol
    this.head = head
    this.#reference = reference
    this.#idleTimeoutMs = limits.responseIdleTimeout
    this.onDrain = undefined
    this.onAbort = undefined
    this.finished = new Promise(resolve => {
      socket.once('close', () => {
        if (!this.#ended) this.onAbort?.()
        resolve()
      })
    })
  }

  async readBody(): Promise<RequestBody> {
    return noBody
  }

  async *restOfBody(): AsyncGenerator<Uint8Array> {}

  open(headers: readonly string[]): Duplex {
    const lines = ['connection', 'Upgrade', 'upgrade', this.#protocol, 'x-request-id', this.#reference]
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i]?.toLowerCase() !== 'x-request-id') lines.push(headers[i] ?? '', headers[i + 1] ?? '')
    }
    this.#socket.write(formatHead(101, '', lines), 'latin1')
    return this.#socket
  }

  informational(status: number, headers: readonly string[]): void {
    if (!this.headSent) this.#socket.write(formatHead(status, '', headers), 'latin1')
  }

  /** The body, if it has no length, ends with the connection. */
  sendHead(status: number, statusText: string, headers: readonly string[]): void {
    this.headSent = true
    const lines: string[] = ['x-request-id', this.#reference]
    for (let i = 0; i < headers.length; i += 2) {
      const name = (headers[i] ?? '').toLowerCase()
      if (!ownHeaders.has(name)) lines.push(headers[i] ?? '', headers[i + 1] ?? '')
    }
    if (!lines.some(line => line.toLowerCase() === 'date')) lines.push('date', new Date().toUTCString())
    lines.push('connection', 'close')
    this.#socket.write(formatHead(status, statusText, lines), 'latin1')
  }

  write(chunk: Uint8Array): boolean {
    if (chunk.length === 0 || this.#socket.destroyed) return true
    const room = this.#socket.write(chunk)
    if (!room) {
      this.#watchClient()
      this.#socket.once('drain', () => {
        this.#socket.setTimeout(0)
        this.onDrain?.()
      })
    }
    return room
  }

  end(): void {
    this.#ended = true
    if (this.#socket.writableLength > 0) this.#watchClient()
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#ended = true
    this.#connection.reset()
  }

  /** Nobody else does: the server has let go of the socket. */
  #watchClient(): void {
    this.#socket.setTimeout(this.#idleTimeoutMs)
    this.#socket.off('timeout', this.#socket.destroy).once('timeout', this.#socket.destroy)
  }
}

const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'upgrade',
  'transfer-encoding',
  'trailer',
  'proxy-connection',
  'x-request-id',
])
