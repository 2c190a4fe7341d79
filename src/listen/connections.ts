// The open client connections of a listener, and who may have one more: caps on their number, in all and for one client
// address, and addresses that were cut too often.

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ClientTls } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import { Connection, type Ends } from './connection.ts'
import { CutClients } from './cut-clients.ts'
import type { Handler } from './handler.ts'

/** Limits of the time before there is HTTP. */
export type OpeningLimit = 'helloBytes' | 'helloTimeout' | 'handshakeTimeout'

export type RefusalCause =
  | `limits.${OpeningLimit}`
  | 'limits.connectionsPerIp'
  | 'limits.connectionsTotal'
  | 'limits.cutsPerIp'
  | 'proxyProtocol'

export type OnRefused = (cause: RefusalCause, clientIp: string) => void

export class Connections {
  refused = 0
  readonly #onRefused: OnRefused | undefined
  readonly #bySocket = new Map<Duplex, Connection>()
  readonly #countByKey = new Map<string, number>()
  /** What each connection is counted as. */
  readonly #keys = new Map<Connection, string>()
  readonly #cut = new CutClients(() => performance.now())

  constructor(onRefused?: OnRefused) {
    this.#onRefused = onRefused
  }

  get size(): number {
    return this.#bySocket.size
  }

  get(socket: Duplex): Connection | undefined {
    return this.#bySocket.get(socket)
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#bySocket.values()
  }

  /** Takes the connection in, or closes it without a word. */
  admit(socket: Socket, { limits, identify }: Handler): Connection | undefined {
    const connection = new Connection(socket, identify, limits)
    const cause = this.size >= limits.connectionsTotal ? 'limits.connectionsTotal' : this.#refusal(connection, limits)
    if (cause) {
      this.refuse(connection, cause)
      return undefined
    }
    this.#bySocket.set(socket, connection)
    this.#count(connection)
    socket.once('close', () => {
      this.#bySocket.delete(connection.socket)
      this.#uncount(connection)
    })
    return connection
  }

  /** Counts the connection as the client's that a proxy has told. */
  reveal(connection: Connection, ends: Ends, { limits }: Handler): boolean {
    this.#uncount(connection)
    connection.revealed(ends)
    const cause = this.#refusal(connection, limits)
    if (cause) {
      this.refuse(connection, cause)
      return false
    }
    this.#count(connection)
    return true
  }

  secure(connection: Connection, socket: Socket, tls: ClientTls): void {
    this.#bySocket.delete(connection.socket)
    this.#bySocket.set(socket, connection)
    connection.secured(socket, tls)
  }

  refuse(connection: Connection, cause: RefusalCause): void {
    this.refused++
    this.#onRefused?.(cause, connection.peer.client.ip)
    connection.raw.destroy()
  }

  /** It was cut for what it overdid. */
  cut({ peer: { client, trusted } }: Connection): void {
    if (!trusted) this.#cut.add(client.key)
  }

  /** Why a client may not have one more connection. A trusted proxy is many clients. */
  #refusal({ peer: { client, trusted } }: Connection, limits: Limits): RefusalCause | undefined {
    if (trusted) return undefined
    if ((this.#countByKey.get(client.key) ?? 0) >= limits.connectionsPerIp) return 'limits.connectionsPerIp'
    return this.#cut.isOut(client.key, limits.cutsPerIp) ? 'limits.cutsPerIp' : undefined
  }

  #count(connection: Connection): void {
    const { key } = connection.peer.client
    this.#keys.set(connection, key)
    this.#countByKey.set(key, (this.#countByKey.get(key) ?? 0) + 1)
  }

  #uncount(connection: Connection): void {
    const key = this.#keys.get(connection)
    if (key === undefined) return
    this.#keys.delete(connection)
    const left = (this.#countByKey.get(key) ?? 1) - 1
    if (left > 0) this.#countByKey.set(key, left)
    else this.#countByKey.delete(key)
  }
}
