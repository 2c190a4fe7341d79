// Which server a key belongs to, by rendezvous hashing: every worker and every gateway finds the same one, and when a
// server comes or goes only the keys of that server move. Not keyed, because all must agree: a client that chooses its
// key may choose its server, so hash by what clients don't choose where that matters.

import type { HashKey } from '../config/config.ts'
import type { Exchange } from '../pipeline/exchange.ts'

/** The text that is hashed; the client's address where a header or cookie is absent. */
export function hashedText(key: HashKey, ex: Exchange): string {
  switch (key.kind) {
    case 'client':
      return ex.client.key
    case 'path':
      return ex.path
    case 'host':
      return ex.host
    case 'header':
      return ex.headers.get(key.name) ?? ex.client.key
    case 'cookie':
      return cookieOf(ex, key.name) ?? ex.client.key
  }
}

function cookieOf({ headers }: Exchange, name: string): string | undefined {
  for (const line of headers.getAll('cookie')) {
    for (const pair of line.split(';')) {
      const equals = pair.indexOf('=')
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
    }
  }
  return undefined
}

/** The higher, the more a key wants this server; in the mean in proportion to the weight. */
export function affinity(key: string, server: string, weight: number): number {
  const share = (hash(`${server} ${key}`) + 1) / 2 ** 32 // (0, 1]
  return weight / -Math.log(share - 2 ** -33)
}

/** FNV-1a, its bits mixed at the end (as MurmurHash3 does): 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
