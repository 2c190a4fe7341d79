// A destination that is closed for a while: everybody but a few networks is told to come back.

import { GatewayError } from '../lib/errors.ts'
import { inNetwork, parseNetwork } from '../lib/ip.ts'
import type { Exchange } from './exchange.ts'
import type { Destination } from './route.ts'

export interface MaintenanceConfig {
  readonly retryAfterMs: number
  /** Networks that pass all the same. */
  readonly allow: readonly string[]
}

export function closedFor({ retryAfterMs, allow }: MaintenanceConfig, to: Destination): Destination {
  const networks = allow.map(parseNetwork).filter(network => network !== undefined)
  const isAllowed = ({ client }: Exchange) => networks.some(network => inNetwork(client.ipBytes, network))
  const closed = () => new GatewayError('MAINTENANCE', 'gateway', 'the route is in maintenance', { retryAfterMs })
  return {
    name: to.name,
    send: (ex, body, sink) => (isAllowed(ex) ? to.send(ex, body, sink) : Promise.reject(closed())),
    upgrade: (ex, client, sink) => (isAllowed(ex) ? to.upgrade(ex, client, sink) : Promise.reject(closed())),
  }
}
