// ACME renewal information (RFC 9773): the authority says when a certificate should be renewed, earlier than its end
// when it must take many back. What it says is looked at again now and then; without it, a third of the life decides.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { AcmeConfig } from '../config/config.ts'
import { childrenOf } from './der-reader.ts'

export interface RenewalInfo {
  readonly startMs: number
  readonly endMs: number
  /** When to ask again. */
  readonly retryMs: number
}

const answerBytesMax = 64 * 1024
const requestTimeoutMs = 30_000
const minuteMs = 60_000
/** RFC 9773 §4.3: bounds for what Retry-After says. */
const leastRetryMs = minuteMs
const mostRetryMs = 24 * 60 * minuteMs
const usualRetryMs = 6 * 60 * minuteMs

const authorityKeyOid = Buffer.from('0603551d23', 'hex')

/** RFC 9773 §4.1; undefined when the certificate does not say whose key has signed it. */
export function certificateId(pem: string): string | undefined {
  try {
    const { raw } = new X509Certificate(pem)
    const at = raw.indexOf(authorityKeyOid)
    if (at < 0) return undefined
    // What follows the name of the extension is its value, an octet string with one byte of length.
    const from = at + authorityKeyOid.length
    const [octets] = childrenOf(raw.subarray(from, from + 2 + (raw[from + 1] ?? 0)))
    const keyId = childrenOf(childrenOf(octets?.body)[0]?.body).find(({ tag }) => tag === 0x80)
    const fields = childrenOf(childrenOf(childrenOf(raw)[0]?.body)[0]?.body)
    const serial = fields.find(({ tag }) => tag === 0x02)
    if (!keyId || !serial) return undefined
    return `${keyId.body.toString('base64url')}.${serial.body.toString('base64url')}`
  } catch {
    return undefined
  }
}

/** Undefined when the authority has none. @throws Error when it should but does not answer well */
export async function askRenewalInfo(acme: AcmeConfig, pem: string): Promise<RenewalInfo | undefined> {
  const id = certificateId(pem)
  if (id === undefined) return undefined
  const ca = acme.ca === undefined ? undefined : [...rootCertificates, readFileSync(acme.ca, 'utf8')]
  const agent = new Agent(ca ? { ca } : {})
  const directory = await getJson(acme.directory, agent)
  const base = field(directory.body, 'renewalInfo')
  if (typeof base !== 'string' || !base.startsWith('https:')) return undefined
  const { body, retryAfter } = await getJson(`${base}/${id}`, agent)
  const window = field(body, 'suggestedWindow')
  const startMs = Date.parse(String(field(window, 'start')))
  const endMs = Date.parse(String(field(window, 'end')))
  if (!(startMs < endMs)) throw new Error('the authority names no time for renewal')
  const seconds = Number(retryAfter)
  const retryMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : usualRetryMs
  return { startMs, endMs, retryMs: Math.min(mostRetryMs, Math.max(leastRetryMs, retryMs)) }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function getJson(url: string, agent: Agent): Promise<{ body: unknown; retryAfter: string | undefined }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: requestTimeoutMs }, response => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > answerBytesMax) request.destroy(new Error('the answer is too large'))
        else chunks.push(chunk)
      })
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`the authority answers ${response.statusCode}`))
        try {
          const retryAfter = response.headers['retry-after']
          resolve({ body: JSON.parse(Buffer.concat(chunks).toString('utf8')), retryAfter })
        } catch {
          reject(new Error('the authority’s answer is no JSON'))
        }
      })
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('the authority does not answer')))
    request.on('error', reject)
  })
}
