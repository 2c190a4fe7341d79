// Readers of the two headers by which a proxy says for whom it asks: X-Forwarded-For (a list of addresses) and
// Forwarded (RFC 7239). Attacker text: whatever it is, the answer is a list of hops, and never a throw.

import type { HeaderList } from '../pipeline/headers.ts'

/** One hop as a proxy told it. `address` is undefined for `unknown`, an obfuscated name, or nonsense. */
export interface Hop {
  readonly address: string | undefined
  readonly port: number
  readonly proto: string | undefined
}

/** Hops that are read at the most, counted from the nearest: more proxies than this stand in no row. */
const hopsMax = 32

/** The hops of all X-Forwarded-For lines, nearest proxy first. */
export function readXForwardedFor(headers: HeaderList): Hop[] {
  const protos = lastItems(headers.getAll('x-forwarded-proto').join(','), ',')
  const nodes = lastItems(headers.getAll('x-forwarded-for').join(','), ',')
  // Proxies that append to both lists give one scheme a hop; most set a single scheme for the whole way.
  return nodes.map((node, i) => readNode(node, protos.length === nodes.length ? protos[i] : protos[0]))
}

/** The hops of all Forwarded lines, nearest proxy first. */
export function readForwarded(headers: HeaderList): Hop[] {
  return lastItems(headers.getAll('forwarded').join(','), ',').map(element => {
    let node = ''
    let proto: string | undefined
    for (const pair of lastItems(element, ';')) {
      const equals = pair.indexOf('=')
      const name = pair.slice(0, Math.max(0, equals)).trim().toLowerCase()
      if (name === 'for') node = unquote(pair.slice(equals + 1).trim())
      else if (name === 'proto') proto = unquote(pair.slice(equals + 1).trim())
    }
    return readNode(node, proto)
  })
}

/**
 * The last items of a list, last first. A separator within a quoted string separates nothing, unless a quote is left
 * open: a client could hide with one what the proxy appended.
 */
function lastItems(list: string, separator: string): string[] {
  const items: string[] = []
  let quoted = false
  let start = 0
  for (let i = 0; i < list.length; i++) {
    const c = list[i]
    if (c === '\\' && quoted) i++
    else if (c === '"') quoted = !quoted
    else if (c === separator && !quoted) {
      items.push(list.slice(start, i))
      start = i + 1
    }
  }
  items.push(list.slice(start))
  return (quoted ? list.split(separator) : items)
    .map(item => item.trim())
    .filter(item => item !== '')
    .slice(-hopsMax)
    .reverse()
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value
  return value.slice(1, -1).replace(/\\(.)/g, '$1')
}

/** `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]:4711`, `2001:db8::1` (as many proxies write it). */
function readNode(text: string, proto: string | undefined): Hop {
  let address = text
  let port = ''
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    address = end < 0 ? '' : text.slice(1, end)
    if (text[end + 1] === ':') port = text.slice(end + 2)
  } else {
    const colon = text.indexOf(':')
    if (colon >= 0 && colon === text.lastIndexOf(':')) {
      address = text.slice(0, colon)
      port = text.slice(colon + 1)
    }
  }
  return {
    address: address === '' || address.length > 64 ? undefined : address,
    port: /^\d{1,5}$/.test(port) ? Number(port) : 0,
    proto: proto?.toLowerCase(),
  }
}
