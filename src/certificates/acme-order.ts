// One order of a certificate from an authority (RFC 8555) by acme-client, which is loaded when the first is made.

import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { Client } from 'acme-client'
import type { AcmeConfig } from '../config/config.ts'
import type { Certificate } from '../listen/settings.ts'
import { cleanUpRecord, presentRecord } from './dns-hook.ts'

/** Where answers for the authority's looks are put. Resolves when every worker has them. */
export interface ChallengeBoard {
  addHttp(token: string, keyAuthorization: string): Promise<void>
  removeHttp(token: string): Promise<void>
  addAlpn(certificate: Certificate): Promise<void>
  removeAlpn(name: string): Promise<void>
}

export interface OrderOptions {
  readonly acme: AcmeConfig
  /** PEM of the account's key. */
  readonly accountKey: string
  readonly board: ChallengeBoard
  /** RFC 9773 §5: which certificate this one takes the place of. */
  readonly replaces?: string | undefined
}

/** For each request to the authority. */
const requestTimeoutMs = 30_000
/** Between two looks at what an order has come to. */
const firstPauseMs = 500
const lastPauseMs = 10_000
const looks = 20

/** @throws Error that says why there is no certificate */
export async function orderCertificate(options: OrderOptions): Promise<{ cert: string; key: string }> {
  const { acme, accountKey, board, replaces } = options
  const { default: client } = await import('acme-client')
  client.axios.defaults.timeout = requestTimeoutMs
  // Its own retries would hold up all other orders for as long as an authority says; the renewer makes pauses instead.
  Object.assign(client.axios.defaults, { acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 1 } })
  client.axios.defaults.httpsAgent =
    acme.ca === undefined ? undefined : new Agent({ ca: [...rootCertificates, readFileSync(acme.ca, 'utf8')] })
  const account = new client.Client({
    directoryUrl: acme.directory,
    accountKey,
    backoffAttempts: looks,
    backoffMin: firstPauseMs,
    backoffMax: lastPauseMs,
    ...(acme.eab && { externalAccountBinding: { kid: acme.eab.kid, hmacKey: readSecret(acme.eab.hmacKey) } }),
  })
  await openAccount(account, acme.email)
  if (replaces !== undefined) {
    const createOrder = account.createOrder.bind(account)
    account.createOrder = data => createOrder(Object.assign(data, { replaces }))
  }
  const [key, csr] = await client.crypto.createCsr(
    { commonName: acme.domains[0] ?? '', altNames: [...acme.domains] },
    await client.crypto.createPrivateEcdsaKey('P-256'),
  )
  const cert = await account.auto({
    csr,
    skipChallengeVerification: true, // we may not reach ourselves by the name
    challengePriority: [acme.challenge],
    challengeCreateFn: async (authz, challenge, keyAuthorization) => {
      if (challenge.type !== acme.challenge) throw new Error(`the authority offers no ${acme.challenge}`)
      if (challenge.type === 'http-01') return board.addHttp(challenge.token, keyAuthorization)
      if (acme.dnsHook) return presentRecord(acme.dnsHook, authz.identifier.value, keyAuthorization)
      const [alpnKey, alpnCert] = await client.crypto.createAlpnCertificate(authz, keyAuthorization)
      const names = [authz.identifier.value.toLowerCase()]
      await board.addAlpn({ names, cert: alpnCert.toString(), key: alpnKey.toString() })
    },
    challengeRemoveFn: async (authz, challenge, keyAuthorization) => {
      if (challenge.type === 'http-01') return board.removeHttp(challenge.token)
      if (acme.dnsHook) return cleanUpRecord(acme.dnsHook, authz.identifier.value, keyAuthorization)
      return board.removeAlpn(authz.identifier.value.toLowerCase())
    },
  })
  return { cert, key: key.toString() }
}

/** Makes the account, or finds it by its key. */
async function openAccount(account: Client, email: string | undefined): Promise<void> {
  try {
    const contact = email === undefined ? [] : [`mailto:${email}`]
    await account.createAccount({ termsOfServiceAgreed: true, ...(contact.length > 0 && { contact }) })
  } catch (error) {
    // acme-client updates an account that is there already, which strict authorities refuse when nothing changes.
    try {
      account.getAccountUrl()
    } catch {
      throw error
    }
  }
}

/** PEM of a new key for an account. */
export async function createAccountKey(): Promise<string> {
  const { default: client } = await import('acme-client')
  return (await client.crypto.createPrivateEcdsaKey('P-256')).toString()
}

/** @throws Error when the variable is not set or the file can't be read */
function readSecret(place: string): string {
  if (place.startsWith('file:')) return readFileSync(place.slice(5), 'utf8').trim()
  const value = process.env[place.slice(4)]
  if (value === undefined || value === '') throw new Error(`the environment has no ${place.slice(4)}`)
  return value
}
