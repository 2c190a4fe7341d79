// JA4, the fingerprint of a TLS client: which versions, ciphers, extensions and signature algorithms it offers, whatever
// their order. The format is FoxIO's, under the BSD 3-Clause licence (the rest of JA4+ is not, and is not here).

import { createHash } from 'node:crypto'
import type { ClientHello } from './client-hello.ts'

const versions: Readonly<Record<number, string>> = {
  772: '13',
  771: '12',
  770: '11',
  769: '10',
  768: 's3',
  2: 's2',
}

const serverName = 0x0000
const alpn = 0x0010

/** `t13d1516h2_8daaf6152771_e5627efa2ab1` */
export function ja4(hello: ClientHello): string {
  const ciphers = hello.cipherSuites.filter(isNoGrease)
  const extensions = hello.extensions.filter(isNoGrease)
  const signatures = hello.signatureAlgorithms.filter(isNoGrease)
  const name = hello.hasServerName ? 'd' : 'i'
  const head = `t${versionOf(hello)}${name}${count(ciphers)}${count(extensions)}${alpnOf(hello.alpn)}`
  const listed = extensions.filter(type => type !== serverName && type !== alpn)
  const joined = `${sortedHex(listed)}${signatures.length > 0 ? `_${signatures.map(hex).join(',')}` : ''}`
  return `${head}_${digest(ciphers, sortedHex(ciphers))}_${digest(extensions, joined)}`
}

/** Values that clients make up so that servers stay used to unknown ones (RFC 8701). */
function isNoGrease(value: number): boolean {
  return (value & 0x0f0f) !== 0x0a0a || value >> 8 !== (value & 0xff)
}

/** The highest that is offered. */
function versionOf({ legacyVersion, supportedVersions }: ClientHello): string {
  const offered = supportedVersions.filter(isNoGrease)
  return versions[offered.length > 0 ? Math.max(...offered) : legacyVersion] ?? '00'
}

function count(values: readonly number[]): string {
  return String(Math.min(99, values.length)).padStart(2, '0')
}

/** First and last character of the first protocol; of its hex form when one of them is no letter or digit. */
function alpnOf(protocols: readonly string[]): string {
  const first = protocols.find(protocol => !isGreaseName(protocol))
  if (first === undefined || first === '') return '00'
  const plain = /^[0-9A-Za-z]$/
  const ends = (text: string) => (text[0] ?? '') + (text.at(-1) ?? '')
  if (plain.test(first[0] ?? '') && plain.test(first.at(-1) ?? '')) return ends(first)
  return ends(Buffer.from(first, 'latin1').toString('hex'))
}

function isGreaseName(protocol: string): boolean {
  return protocol.length === 2 && !isNoGrease(protocol.charCodeAt(0) * 256 + protocol.charCodeAt(1))
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0')
}

function sortedHex(values: readonly number[]): string {
  return values.map(hex).sort().join(',')
}

function digest(values: readonly number[], text: string): string {
  if (values.length === 0) return '000000000000'
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
