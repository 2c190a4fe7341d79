// Where oidc-provider keeps what it must remember: clients are ours, the rest are Records of a kind of its own.

import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'
import type { Records } from '../store/store.ts'
import type { Client, Clients } from './clients.ts'
import { grantFamily } from './sessions.ts'

const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'

export interface AdapterOptions {
  readonly records: Records
  readonly clients: Clients
  readonly now: () => number
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

function metadataOf({ clientId, name, grants, redirectUris, isPublic }: Client): AdapterPayload {
  const isNative = redirectUris.some(uri => !/^https?:/.test(uri))
  return {
    client_id: clientId,
    client_name: name,
    ...(isPublic
      ? { token_endpoint_auth_method: 'none' }
      : {
          // What it is compared with is a hash (oauth-server.ts); this only says that there is a secret.
          client_secret: 'hashed',
          // The provider takes the secret in header or body, whichever of the two stands here.
          token_endpoint_auth_method: 'client_secret_post',
        }),
    application_type: isNative ? 'native' : 'web',
    grant_types: grants.map(grant => (grant === 'device_code' ? deviceGrantType : grant)),
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    redirect_uris: [...redirectUris],
  }
}

function recordsAdapter(model: string, { records, now, onGrantGone }: AdapterOptions): Adapter {
  const kind = `oidc:${model}`
  const read = async (id: string | undefined): Promise<AdapterPayload | undefined> => {
    const record = id === undefined ? undefined : await records.get(kind, id)
    if (!record || (record.expiresAtMs !== undefined && record.expiresAtMs <= now())) return undefined
    const { consumedAtMs } = record
    const payload = JSON.parse(record.json) as AdapterPayload
    return consumedAtMs === undefined ? payload : { ...payload, consumed: Math.floor(consumedAtMs / 1000) }
  }
  const readBy = async (index: string, value: string) => read((await records.find(kind, index, value, 1))[0]?.id)
  const endGrant = async (grantId: string): Promise<void> => {
    await records.deleteFamily(grantFamily(grantId))
    await onGrantGone(grantId)
  }
  return {
    find: read,
    findByUid: uid => readBy('uid', uid),
    findByUserCode: userCode => readBy('userCode', userCode),
    upsert: async (id, payload, expiresInS = 0) => {
      const { uid, userCode, accountId } = payload
      const grantId = model === 'Grant' ? id : payload.grantId
      await records.put({
        kind,
        id,
        json: JSON.stringify(payload),
        ...(grantId !== undefined && { family: grantFamily(grantId) }),
        ...(expiresInS > 0 && { expiresAtMs: now() + expiresInS * 1000 }),
        indexes: {
          ...(uid !== undefined && { uid }),
          ...(userCode !== undefined && { userCode }),
          ...(accountId !== undefined && { accountId }),
        },
      })
    },
    // Of two that use a code or a refresh token at the same time one is not who it was given to: nobody keeps anything.
    consume: async id => {
      if (await records.consume(kind, id, now())) return
      const grantId = (await read(id))?.grantId
      if (grantId !== undefined) await endGrant(grantId)
      throw new errors.InvalidGrant('it was used already')
    },
    destroy: async id => {
      await records.delete(kind, id)
    },
    revokeByGrantId: endGrant,
  }
}
