// What a page reads of a request: its form, who sends it, and proof that it was sent from a page of ours.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { ipKey, parseIp } from '../../lib/ip.ts'
import { AccountFailure } from '../failure.ts'

/** No form of ours is longer. */
const formBytesMax = 64 * 1024

/** Written by our own gateway, which drops whatever a client sends under such a name. */
const clientIpHeader = 'merlon-client-ip'

export function clientIpOf(req: IncomingMessage): string {
  return String(req.headers[clientIpHeader] ?? '')
}

/** The network that attempts are counted for. */
export function networkOf(req: IncomingMessage): string {
  const ip = parseIp(clientIpOf(req))
  return ip ? ipKey(ip) : 'unknown'
}

/** A keyed hash of a text for one purpose. */
export function proofOf(key: string, purpose: string, text: string): string {
  return createHmac('sha256', key).update(`${purpose}\0${text}`).digest('base64url')
}

export function isProof(key: string, purpose: string, text: string, proof: string): boolean {
  const [good, given] = [proofOf(key, purpose, text), proof].map(it => Buffer.from(it))
  return good !== undefined && given !== undefined && good.length === given.length && timingSafeEqual(good, given)
}

/**
 * The form of a POST that came from a page of ours: the browser says so, and it holds what only that page had.
 * @throws AccountFailure when it did not
 */
export async function readOwnForm(
  req: IncomingMessage,
  { issuer, key, about }: { readonly issuer: string; readonly key: string; readonly about: string },
): Promise<URLSearchParams> {
  const { origin, 'sec-fetch-site': site } = req.headers
  const foreign = (origin !== undefined && origin !== issuer) || (site !== undefined && site !== 'same-origin')
  const form = foreign ? undefined : await readForm(req)
  if (!form || !isProof(key, 'csrf', about, form.get('csrf') ?? '')) {
    throw new AccountFailure('invalid', 'this form is out of date: go back, load the page again and try once more')
  }
  return form
}

export function cookieOf(req: IncomingMessage, name: string): string | undefined {
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  const [type = ''] = (req.headers['content-type'] ?? '').toLowerCase().split(';', 1)
  if (type.trim() !== 'application/x-www-form-urlencoded') return undefined
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > formBytesMax) return undefined
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
