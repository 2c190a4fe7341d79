// Where oidc-provider keeps what it must remember: clients are ours, the rest are Records of a kind of its own.

import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { Records } from '../store/store.ts'
import type { Client, Clients } from './clients.ts'

export function createAdapter(records: Records, clients: Clients, now: () => number) {
  return (model: string): Adapter => (model === 'Client' ? clientAdapter(clients) : recordsAdapter(model, records, now))
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

function metadataOf({ clientId, name, grants }: Client): AdapterPayload {
  return {
    client_id: clientId,
    client_name: name,
    // What it is compared with is a hash (oauth-server.ts); this only says that there is a secret.
    client_secret: 'hashed',
    // The provider takes the secret in header or body, whichever of the two stands here.
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: [...grants],
    response_types: [],
    redirect_uris: [],
  }
}

function recordsAdapter(model: string, records: Records, now: () => number): Adapter {
  const kind = `oidc:${model}`
  const read = async (id: string | undefined): Promise<AdapterPayload | undefined> => {
    const record = id === undefined ? undefined : await records.get(kind, id)
    if (!record || (record.expiresAtMs !== undefined && record.expiresAtMs <= now())) return undefined
    const { consumedAtMs } = record
    const payload = JSON.parse(record.json) as AdapterPayload
    return consumedAtMs === undefined ? payload : { ...payload, consumed: Math.floor(consumedAtMs / 1000) }
  }
  const readBy = async (index: string, value: string) => read((await records.find(kind, index, value, 1))[0]?.id)
  return {
    find: read,
    findByUid: uid => readBy('uid', uid),
    findByUserCode: userCode => readBy('userCode', userCode),
    upsert: async (id, payload, expiresInS = 0) => {
      const { uid, userCode, grantId } = payload
      await records.put({
        kind,
        id,
        json: JSON.stringify(payload),
        ...(grantId !== undefined && { family: `grant:${grantId}` }),
        ...(expiresInS > 0 && { expiresAtMs: now() + expiresInS * 1000 }),
        indexes: { ...(uid !== undefined && { uid }), ...(userCode !== undefined && { userCode }) },
      })
    },
    consume: async id => {
      await records.consume(kind, id, now())
    },
    destroy: async id => {
      await records.delete(kind, id)
    },
    revokeByGrantId: async grantId => {
      await records.deleteFamily(`grant:${grantId}`)
    },
  }
}
