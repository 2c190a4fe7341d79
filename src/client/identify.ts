// Who the client is by network: the address of the connection, or, behind trusted proxies, the nearest address in their
// Forwarded or X-Forwarded-For headers that is not a trusted proxy itself. What stands left of it the client may have
// written, so it is not looked at.

import { formatIp, type IpBytes, inNetwork, ipKey, type Network, parseIp, parseNetwork } from '../lib/ip.ts'
import type { Client, ClientTls } from '../pipeline/exchange.ts'
import type { HeaderList } from '../pipeline/headers.ts'
import { type Hop, readForwarded, readXForwardedFor } from './forwarded.ts'

/** The other end of a connection; made once a connection. */
export interface Peer {
  /** Who the client is as long as no header is to be trusted. */
  readonly client: Client
  readonly trusted: boolean
}

export interface Identify {
  peer(address: string, port: number, secure: boolean, tls?: ClientTls): Peer
  client(peer: Peer, headers: HeaderList): Client
}

/** @param trustedProxies Addresses and networks; the config reader has checked that they parse. */
export function createIdentify(trustedProxies: readonly string[]): Identify {
  const networks = trustedProxies.map(parseNetwork).filter(network => network !== undefined)
  return {
    peer(address, port, secure, tls) {
      const ipBytes = parseIp(address) ?? unknownIp
      const ip = formatIp(ipBytes)
      const trusted = isTrusted(ipBytes, networks)
      const client: Client = { ip, ipBytes, key: ipKey(ipBytes), port, peerIp: ip, peerTrusted: trusted, secure }
      return { client: tls ? { ...client, tls } : client, trusted }
    },
    client(peer, headers) {
      return peer.trusted ? behindProxies(peer.client, headers, networks) : peer.client
    },
  }
}

/** A peer without an IP address has come over a Unix socket. */
const unknownIp: IpBytes = new Uint8Array(4)

function isTrusted(ip: IpBytes, networks: readonly Network[]): boolean {
  for (const network of networks) if (inNetwork(ip, network)) return true
  return false
}

/**
 * A proxy that writes one of the two headers lets the client's own other one through, so of two that name two clients one
 * may be made up, and nobody can tell which: such a request is refused.
 */
function behindProxies(peer: Client, headers: HeaderList, networks: readonly Network[]): Client {
  if (headers.get('x-forwarded-for') === undefined) return nearest(readForwarded(headers), peer, headers, networks)
  const client = nearest(readXForwardedFor(headers), peer, headers, networks)
  if (headers.get('forwarded') === undefined) return client
  const other = nearest(readForwarded(headers), peer, headers, networks)
  // A header that names nobody is no contradiction: names may be hidden (RFC 7239 §6.3).
  const bothTell = client.ip !== peer.ip && other.ip !== peer.ip
  return bothTell && client.ip !== other.ip ? { ...client, isDisputed: true } : client
}

function nearest(hops: readonly Hop[], peer: Client, headers: HeaderList, networks: readonly Network[]): Client {
  if (hops.length === 0) {
    const proto = headers.get('x-forwarded-proto')
    return proto === undefined ? peer : { ...peer, secure: isSecure(proto.trim().toLowerCase(), peer.secure) }
  }
  let client = peer
  for (const hop of hops) {
    const ipBytes = hop.address === undefined ? undefined : parseIp(hop.address)
    if (!ipBytes) return client // the proxy doesn't tell: the last known address answers for it
    client = fromHop(hop, ipBytes, peer, client)
    if (!isTrusted(ipBytes, networks)) return client
  }
  return client
}

function fromHop(hop: Hop, ipBytes: IpBytes, peer: Client, nearer: Client): Client {
  const secure = isSecure(hop.proto, nearer.secure)
  const ip = formatIp(ipBytes)
  return { ip, ipBytes, key: ipKey(ipBytes), port: hop.port, peerIp: peer.peerIp, peerTrusted: true, secure }
}

function isSecure(proto: string | undefined, otherwise: boolean): boolean {
  return proto === 'https' || proto === 'wss' ? true : proto === 'http' || proto === 'ws' ? false : otherwise
}
