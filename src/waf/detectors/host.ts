// What a host of a URL stands for. Addresses are read as inet_aton and browsers read them: decimal, octal, hexadecimal,
// with fewer than four parts; IPv6 with the IPv4 forms in it; digits in circles and full-width digits.

import type { ByteString } from '../../lib/bytes.ts'

/** `metadata`: of a cloud. `disguise`: an address in a spelling that no honest URL has, or a name made for rebinding. */
export type HostKind = 'public' | 'private' | 'metadata' | 'disguise'

const rebinding = [
  'nip.io',
  'sslip.io',
  'xip.io',
  'localtest.me',
  'lvh.me',
  'vcap.me',
  'lacolhost.com',
  'rbndr.us',
  '1u.ms',
  'localdomain.pw',
  'traefik.me',
  'backname.io',
]
const metadataNames = [
  'metadata',
  'instance-data',
  'metadata.google.internal',
  'rancher-metadata',
  'metadata.azure.com',
  'metadata.tencentyun.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'metadata.nutanix.com',
  'kubernetes.default',
]
const privateNames = ['localhost', 'ip6-localhost', 'ip6-loopback', 'localhost.localdomain', 'broadcasthost']
const privateZones = ['.localhost', '.internal', '.cluster.local', '.consul', '.svc']

export function hostKind(name: ByteString): HostKind {
  let host = name.toLowerCase()
  if (host.startsWith('[')) return kindOfIpv6(host.slice(1, host.endsWith(']') ? -1 : undefined))
  if (host.endsWith('.')) host = host.slice(0, -1)
  if (hasStrangeDigits(host)) return 'disguise'
  if (metadataNames.includes(host)) return 'metadata'
  if (privateNames.includes(host) || privateZones.some(zone => host.endsWith(zone))) return 'private'
  if (rebinding.some(zone => host === zone || host.endsWith(`.${zone}`))) return 'disguise'
  const address = parseIpv4(host)
  if (!address) return 'public'
  const kind = kindOfIpv4(address.number)
  if (kind === 'metadata') return kind
  return address.isPlain ? kind : 'disguise'
}

/** U+2460 to U+24FF are digits and letters in circles, U+3002 and U+FF0E are dots, U+FF10 to U+FF5A full-width. */
function hasStrangeDigits(host: ByteString): boolean {
  return (
    host.includes('\xe2\x91') ||
    host.includes('\xe2\x92') ||
    host.includes('\xe2\x93') ||
    host.includes('\xef\xbc') ||
    host.includes('\xe3\x80\x82')
  )
}

/** The number of an address, and whether it was written as four decimal numbers. */
function parseIpv4(host: ByteString): { readonly number: number; readonly isPlain: boolean } | undefined {
  const parts = host.split('.', 6)
  if (parts.length > 4) return undefined
  let isPlain = parts.length === 4
  const numbers: number[] = []
  for (const part of parts) {
    const found = parsePart(part)
    if (found === undefined) return undefined
    if (!found.isDecimal) isPlain = false
    numbers.push(found.value)
  }
  const last = numbers.pop() ?? 0
  if (numbers.some(number => number > 255)) return undefined
  // One number alone is an address only when it is as large as one: ports and ids are small.
  if (numbers.length === 0 && last < 0x0100_0000 && last !== 0) return undefined
  if (last >= 256 ** (4 - numbers.length)) return undefined
  return { number: numbers.reduce((sum, number, i) => sum + number * 256 ** (3 - i), last), isPlain }
}

function parsePart(part: ByteString): { readonly value: number; readonly isDecimal: boolean } | undefined {
  const isHex = part.startsWith('0x')
  const digits = isHex ? part.slice(2) : part
  if (digits.length === 0 || digits.length > 16) return undefined
  const base = isHex ? 16 : part.length > 1 && part.startsWith('0') ? 8 : 10
  let value = 0
  for (let i = 0; i < digits.length; i++) {
    const c = digits.charCodeAt(i)
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : c >= 0x61 && c <= 0x66 ? c - 0x57 : 16
    if (digit >= base) return undefined
    value = value * base + digit
  }
  return { value, isDecimal: base === 10 }
}

function kindOfIpv4(address: number): HostKind {
  const a = Math.floor(address / 0x1000000)
  const b = Math.floor(address / 0x10000) % 256
  if (a === 169 && b === 254) return 'metadata'
  // Alibaba, Oracle.
  if (address === 0x646464c8 || address === 0xc00000c0) return 'metadata'
  if (a === 127) return address === 0x7f000001 ? 'private' : 'disguise'
  if (a === 0) return 'disguise'
  if (a === 10 || (a === 192 && b === 168) || (a === 172 && b >= 16 && b <= 31)) return 'private'
  return a === 100 && b >= 64 && b <= 127 ? 'private' : 'public'
}

function kindOfIpv6(text: ByteString): HostKind {
  const host = text.split('%')[0] ?? ''
  const colon = host.lastIndexOf(':')
  const tail = host.slice(colon + 1)
  if (tail.includes('.')) {
    const address = parseIpv4(tail)
    return address && kindOfIpv4(address.number) !== 'public' ? 'disguise' : 'public'
  }
  if (host.startsWith('fd00:ec2:')) return 'metadata'
  if (host.startsWith('fe80:') || host.startsWith('fc') || host.startsWith('fd')) return 'private'
  // Loopback and the unspecified address, with zeros written out or not; addresses of IPv4 in hexadecimal.
  const significant = host.split(':').filter(part => part !== '' && Number(`0x${part}`) !== 0)
  if (significant.length === 0 || (significant.length === 1 && significant[0] === '1')) return 'disguise'
  return significant[0] === 'ffff' || significant[0] === '64' ? 'disguise' : 'public'
}
