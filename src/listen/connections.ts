// The open client connections of a listener, and the caps on their number: in all, and for one client address.

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Connection } from './connection.ts'
import type { Handler } from './handler.ts'

export class Connections {
  refused = 0
  readonly #bySocket = new Map<Duplex, Connection>()
  readonly #countByKey = new Map<string, number>()

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
  admit(socket: Socket, secure: boolean, { limits, identify }: Handler): void {
    const connection = new Connection(socket, secure, identify, limits)
    const { client, trusted } = connection.peer
    const count = this.#countByKey.get(client.key) ?? 0
    if (this.size >= limits.connectionsTotal || (!trusted && count >= limits.connectionsPerIp)) {
      this.refused++
      socket.destroy()
      return
    }
    this.#bySocket.set(socket, connection)
    this.#countByKey.set(client.key, count + 1)
    socket.once('close', () => {
      this.#bySocket.delete(socket)
      const left = (this.#countByKey.get(client.key) ?? 1) - 1
      if (left > 0) this.#countByKey.set(client.key, left)
      else this.#countByKey.delete(client.key)
    })
  }
}
