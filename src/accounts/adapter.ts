// Where oidc-provider keeps what it must remember: clients are ours, the rest are Records of a kind of its own.

import { hash } from 'node:crypto'
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'
import type { Records, StoredRecord } from '../store/store.ts'
import { authMetadata } from './client-auth.ts'
import type { Client, Clients } from './clients.ts'
import type { Keyring } from './keyring.ts'
import { tokenModels } from './opaque-tokens.ts'
import { grantFamily } from './sessions.ts'

/** Why a code or refresh token is refused that came twice at once. */
export const usedAlready = 'it was used already'

const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'

export interface AdapterOptions {
  readonly records: Records
  readonly clients: Clients
  readonly keyring: Keyring
  readonly now: () => number
  /** Whether another access token that is but a name may be issued. */
  readonly hasRoom: () => boolean
  /** Such a token, by its hash: issued, and taken back. */
  readonly onToken: (hash: string, payload: AdapterPayload) => void
  readonly onTokenGone: (hash: string) => void
  /** Everything that one grant gave was taken back. */
  readonly onGrantGone: (grantId: string) => Promise<void>
}

export function createAdapter(options: AdapterOptions) {
  return (model: string): Adapter =>
    model === 'Client' ? clientAdapter(options.clients) : recordsAdapter(model, options)
}

/** Clients are made by the operator, so the provider only reads them. */
function clientAdapter(clients: Clients): Adapter {
  const readOnly = async () => {
    throw new Error('clients are not changed over the protocol')
  }
  return {
    find: async clientId => {
      const client = await clients.get(clientId)
      return client && client.revokedAtMs === undefined ? metadataOf(client) : undefined
    },
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: readOnly,
    consume: readOnly,
    destroy: readOnly,
    revokeByGrantId: async () => {},
  }
}

function metadataOf({ clientId, name, grants, redirectUris, logoutUris, auth, bound, pushed }: Client): AdapterPayload {
  const isNative = redirectUris.some(uri => !/^https?:/.test(uri))
  return {
    client_id: clientId,
    client_name: name,
    ...authMetadata(auth),
    dpop_bound_access_tokens: bound === 'dpop',
    tls_client_certificate_bound_access_tokens: bound === 'mtls',
    require_pushed_authorization_requests: pushed,
    application_type: isNative ? 'native' : 'web',
    grant_types: grants.map(grant => (grant === 'device_code' ? deviceGrantType : grant)),
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    redirect_uris: [...redirectUris],
    post_logout_redirect_uris: [...logoutUris],
  }
}

/**
 * Most ids are secrets: tokens, codes, cookies. A record stands under the hash of its id, and the id itself is sealed in
 * it, for the few that are found in another way.
 */
function recordsAdapter(model: string, options: AdapterOptions): Adapter {
  const { records, keyring, now } = options
  const kind = `oidc:${model}`
  const isToken = tokenModels.includes(model)
  const read = (record: StoredRecord | undefined): AdapterPayload | undefined => {
    if (!record || (record.expiresAtMs !== undefined && record.expiresAtMs <= now())) return undefined
    const { consumedAtMs } = record
    const { sealedId, ...rest } = JSON.parse(record.json) as AdapterPayload & { readonly sealedId: string }
    const jti = keyring.open(sealedId, kind)
    if (jti === undefined) return undefined
    return { ...rest, jti, ...(consumedAtMs !== undefined && { consumed: Math.floor(consumedAtMs / 1000) }) }
  }
  const find = async (id: string) => read(await records.get(kind, hashOf(id)))
  const readBy = async (index: string, value: string) => read((await records.find(kind, index, value, 1))[0])
  const endGrant = async (grantId: string): Promise<void> => {
    await records.deleteFamily(grantFamily(grantId))
    await options.onGrantGone(grantId)
  }
  return {
    find,
    findByUid: uid => readBy('uid', uid),
    findByUserCode: userCode => readBy('userCode', userCode),
    upsert: async (id, payload, expiresInS = 0) => {
      const { jti: _, ...rest } = payload
      const { uid, userCode, accountId } = rest
      const grantId = model === 'Grant' ? id : rest.grantId
      if (isToken && !options.hasRoom()) throw busy()
      await records.put({
        kind,
        id: hashOf(id),
        json: JSON.stringify({ ...rest, sealedId: keyring.seal(id, kind) }),
        ...(grantId !== undefined && { family: grantFamily(grantId) }),
        ...(expiresInS > 0 && { expiresAtMs: now() + expiresInS * 1000 }),
        indexes: {
          ...(uid !== undefined && { uid }),
          ...(userCode !== undefined && { userCode }),
          ...(accountId !== undefined && { accountId }),
        },
      })
      if (isToken) options.onToken(hashOf(id), rest)
    },
    // Of two that use a code or a refresh token at the same time one is not who it was given to: nobody keeps anything.
    consume: async id => {
      if (await records.consume(kind, hashOf(id), now())) return
      const grantId = (await find(id))?.grantId
      if (grantId !== undefined) await endGrant(grantId)
      throw new errors.InvalidGrant(usedAlready)
    },
    destroy: async id => {
      await records.delete(kind, hashOf(id))
      if (isToken) options.onTokenGone(hashOf(id))
    },
    revokeByGrantId: endGrant,
  }
}

function busy(): Error {
  const error = new errors.TemporarilyUnavailable('too many opaque access tokens are in use')
  return Object.assign(error, { status: 503, statusCode: 503 })
}

/** Where the provider's things stand: by the hash of their id. */
export function hashOf(id: string): string {
  return hash('sha256', id, 'base64url')
}
