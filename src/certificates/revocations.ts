// Reads a certificate revocation list (RFC 5280 §5): who has signed it, until when it holds, which serials it names. The
// file is the operator's; what is not understood is refused.

import { verify, type X509Certificate } from 'node:crypto'
import { fingerprintOf } from '../lib/pem.ts'
import type { RevocationList } from '../pipeline/certificate-rule.ts'
import { childrenOf, type Element } from './der-reader.ts'

/** Critical extensions that change what a list means (delta lists, lists of a part) are not among these. */
const knownExtensions = new Set(['551d14', '551d23']) // its number, the key of its authority

const digests: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null, // Ed25519
}

/** @throws Error that says why it is none; the authority must be among the given */
export function readRevocations(pem: string, authorities: readonly X509Certificate[]): [string, RevocationList][] {
  const blocks = [...pem.matchAll(/-----BEGIN X509 CRL-----([\w+/=\s]+)-----END X509 CRL-----/g)]
  if (blocks.length === 0) throw new Error('there is no revocation list in PEM')
  return blocks.map(([, text = '']) => readOne(Buffer.from(text, 'base64'), authorities))
}

function readOne(der: Buffer, authorities: readonly X509Certificate[]): [string, RevocationList] {
  const [tbs, algorithm, signature] = childrenOf(childrenOf(der)[0]?.body)
  if (tbs?.tag !== 0x30 || !algorithm || signature?.tag !== 0x03) throw new Error('it is no revocation list')
  const oid = childrenOf(algorithm.body)[0]?.body.toString('hex') ?? ''
  if (!Object.hasOwn(digests, oid)) throw new Error('it is signed in a way that is not accepted')
  const bits = signature.body.subarray(1)
  const signer = authorities.find(({ publicKey }) => verifies(digests[oid] ?? null, tbs.whole, publicKey, bits))
  if (!signer) throw new Error('none of the authorities beside it has signed it')
  const parts = childrenOf(tbs.body)
  if (parts[0]?.tag === 0x02) parts.shift() // version
  const times = parts.filter(({ tag }) => tag === 0x17 || tag === 0x18).map(({ tag, body }) => timeOf(tag, body))
  const [, endsMs] = times
  if (endsMs === undefined) throw new Error('it does not say when the next one comes')
  checkExtensions(parts.find(({ tag }) => tag === 0xa0))
  // signature algorithm, issuer, two times, and then the list, which may be left out
  const list = parts[4]?.tag === 0x30 ? childrenOf(parts[4].body) : []
  const serials = new Set(list.map(({ body }) => hexOf(childrenOf(body)[0]?.body ?? Buffer.alloc(0))))
  return [fingerprintOf(signer), { serials, endsMs }]
}

function checkExtensions(extensions: Element | undefined): void {
  for (const { body } of childrenOf(childrenOf(extensions?.body)[0]?.body)) {
    const [id, critical] = childrenOf(body)
    const isCritical = critical?.tag === 0x01 && critical.body[0] !== 0
    const name = id?.body.toString('hex') ?? ''
    if (isCritical && !knownExtensions.has(name)) {
      throw new Error('it is a list of a part, or has an extension that is not understood')
    }
  }
}

function verifies(digest: string | null, data: Buffer, key: X509Certificate['publicKey'], signature: Buffer): boolean {
  try {
    return verify(digest, data, key, signature)
  } catch {
    return false // a key of another kind
  }
}

/** UTCTime with its two digits of a year, or GeneralizedTime. */
function timeOf(tag: number, body: Buffer): number {
  const text = body.toString('latin1')
  const year = tag === 0x17 ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text.slice(0, 2)}` : text.slice(0, 4)
  const rest = text.slice(tag === 0x17 ? 2 : 4)
  const [, month, day, hour, minute, second] = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(rest) ?? []
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(ms)) throw new Error('it has a time that is none')
  return ms
}

function hexOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^0+/, '')
}
