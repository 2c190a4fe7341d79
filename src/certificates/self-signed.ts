// A certificate that vouches for itself (RFC 5280), so that HTTPS is up at the first start, before anybody has got one
// from an authority. Clients warn of it, and rightly.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { parseIp } from '../lib/ip.ts'
import { bitString, der, integer, objectId, octetString, sequence, time, utf8String } from './der.ts'

const dayMs = 86_400_000
/** What clients take at the most. */
const lifeMs = 397 * dayMs

const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))

/** @param names Hosts and addresses; at least one. */
export function createSelfSigned(names: readonly string[], nowMs: number): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(der(0x31, sequence(objectId('2.5.4.3'), utf8String('Merlon self-signed'))))
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40 // positive, and of one length
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serial),
    ecdsaWithSha256,
    name,
    sequence(time(new Date(nowMs - dayMs)), time(new Date(nowMs + lifeMs - dayMs))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(names))),
  )
  const signature = sign('sha256', body, privateKey)
  const cert = sequence(body, ecdsaWithSha256, bitString(signature))
  return {
    cert: pem('CERTIFICATE', cert),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function extensions(names: readonly string[]): Buffer[] {
  const critical = der(0x01, Buffer.from([0xff]))
  const serverAuth = sequence(objectId('1.3.6.1.5.5.7.3.1'))
  return [
    sequence(objectId('2.5.29.17'), octetString(sequence(...names.map(generalName)))),
    sequence(objectId('2.5.29.19'), critical, octetString(sequence())), // no authority
    sequence(objectId('2.5.29.15'), critical, octetString(der(0x03, Buffer.from([7, 0x80])))), // digitalSignature
    sequence(objectId('2.5.29.37'), octetString(serverAuth)),
  ]
}

function generalName(name: string): Buffer {
  const ip = isIP(name) ? parseIp(name) : undefined
  return ip ? der(0x87, ip) : der(0x82, Buffer.from(name, 'latin1'))
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines.trimEnd()}\n-----END ${label}-----\n`
}
