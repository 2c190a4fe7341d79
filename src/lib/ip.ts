// IP addresses and networks (RFC 4291, RFC 4632). Parsing is done by hand because it runs on every request and on
// attacker text: no regex, no throw. IPv4-mapped IPv6 (::ffff:a.b.c.d) counts as the IPv4 address it carries.

/** 4 or 16 bytes. */
export type IpBytes = Uint8Array

export interface Network {
  readonly bytes: IpBytes
  readonly prefix: number
}

/** Returns undefined when the text is no address. Zone ids (`%eth0`) are cut. */
export function parseIp(text: string): IpBytes | undefined {
  if (text.length > 64) return undefined
  const zone = text.indexOf('%')
  const plain = zone < 0 ? text : text.slice(0, zone)
  if (!plain.includes(':')) return parseIpv4(plain)
  const bytes = parseIpv6(plain)
  return bytes && isMappedIpv4(bytes) ? bytes.slice(12) : bytes
}

/** `10.0.0.0/8`, `2001:db8::/32`, or a single address. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (!bytes) return undefined
  const bits = bytes.length * 8
  if (slash < 0) return { bytes, prefix: bits }
  const digits = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(digits)) return undefined
  // The prefix of a mapped network (::ffff:10.0.0.0/104) counts the 96 bits before the IPv4 address.
  const prefix = Number(digits) - (bytes.length === 4 && text.includes(':') ? 96 : 0)
  return prefix >= 0 && prefix <= bits ? { bytes, prefix } : undefined
}

export function inNetwork(ip: IpBytes, network: Network): boolean {
  if (ip.length !== network.bytes.length) return false
  const whole = network.prefix >> 3
  for (let i = 0; i < whole; i++) if (ip[i] !== network.bytes[i]) return false
  const rest = network.prefix & 7
  if (rest === 0) return true
  const mask = (0xff << (8 - rest)) & 0xff
  return ((ip[whole] ?? 0) & mask) === ((network.bytes[whole] ?? 0) & mask)
}

/**
 * The key under which an address is limited. One IPv6 customer holds a /64 or more, so an IPv6 address counts as its
 * /64 (RFC 6177); an IPv4 address counts as itself.
 */
export function ipKey(ip: IpBytes): string {
  if (ip.length === 4) return formatIp(ip)
  const network = new Uint8Array(16)
  network.set(ip.subarray(0, 8))
  return `${formatIp(network)}/64`
}

/** RFC 5952 text form. */
export function formatIp(ip: IpBytes): string {
  if (ip.length === 4) return `${ip[0]}.${ip[1]}.${ip[2]}.${ip[3]}`
  const groups = Array.from({ length: 8 }, (_, i) => ((ip[i * 2] ?? 0) << 8) | (ip[i * 2 + 1] ?? 0))
  let bestStart = -1
  let bestLength = 1
  for (let i = 0; i < 8; ) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > bestLength) {
      bestStart = i
      bestLength = end - i
    }
    i = Math.max(end, i + 1)
  }
  const hex = (part: number[]) => part.map(group => group.toString(16)).join(':')
  if (bestStart < 0) return hex(groups)
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`
}

function isMappedIpv4(bytes: IpBytes): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

function parseIpv4(text: string): IpBytes | undefined {
  const bytes = new Uint8Array(4)
  let part = 0
  let value = -1
  for (let i = 0; i <= text.length; i++) {
    const c = i < text.length ? text.charCodeAt(i) : 0x2e
    if (c === 0x2e) {
      if (value < 0 || part > 3) return undefined
      bytes[part++] = value
      value = -1
    } else if (c >= 0x30 && c <= 0x39) {
      if (value === 0) return undefined // a leading zero is octal to some parsers: refused
      value = (value < 0 ? 0 : value * 10) + c - 0x30
      if (value > 255) return undefined
    } else return undefined
  }
  return part === 4 ? bytes : undefined
}

function parseIpv6(text: string): IpBytes | undefined {
  const double = text.indexOf('::')
  if (double !== text.lastIndexOf('::')) return undefined
  const head = ipv6Groups(double < 0 ? text : text.slice(0, double), double < 0)
  const tail = double < 0 ? [] : ipv6Groups(text.slice(double + 2), true)
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (double < 0 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const bytes = new Uint8Array(16)
  groups.forEach((group, i) => {
    bytes[i * 2] = group >> 8
    bytes[i * 2 + 1] = group & 0xff
  })
  return bytes
}

function ipv6Groups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const ipv4 = parseIpv4(part)
      if (!ipv4) return undefined
      groups.push(((ipv4[0] ?? 0) << 8) | (ipv4[1] ?? 0), ((ipv4[2] ?? 0) << 8) | (ipv4[3] ?? 0))
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
