// What can be asked of the accounts, as a table: the admin API and the command line both go through it, so that both
// check, name and bound things in the same way.

import { z } from 'zod'
import { durationField, networkField } from '../lib/fields.ts'
import type { Accounts } from './accounts.ts'
import { clientAuthSchema } from './client-auth.ts'
import { clientGrants } from './clients.ts'
import { AccountFailure } from './failure.ts'
import { importedKey, importedKeysMax } from './imported-key.ts'
import { nameText, type Operation, operation, quotaText, scopes } from './operation.ts'
import { grantsProblem, redirectUri } from './redirect-uris.ts'
import { userOperations } from './user-operations.ts'

const maxOverlapMs = 30 * 86_400_000
const overlap = durationField
  .refine(ms => ms <= maxOverlapMs, { message: 'must be at most 30d' })
  .prefault('0s')
  .meta({ description: 'How long the old secret still works.' })
const ttl = durationField.refine(ms => ms >= 1000 && ms <= 3660 * 86_400_000, { message: 'must be 1s to 3660d' })

const clientId = z.strictObject({ clientId: z.string().max(100) })
const keyId = z.strictObject({ keyId: z.string().max(100) })

const operations = {
  'clients/create': operation(
    z.strictObject({
      name: nameText,
      grants: z.array(z.enum(clientGrants)).min(1).max(clientGrants.length),
      scopes,
      canIntrospect: z.boolean().default(false),
      redirectUris: z.array(redirectUri).max(32).default([]),
      logoutUris: z.array(redirectUri).max(32).default([]),
      trusted: z.boolean().default(false),
      auth: clientAuthSchema.default({ method: 'client_secret' }),
      tokens: z.enum(['jwt', 'opaque']).default('jwt'),
      bound: z.enum(['none', 'dpop', 'mtls']).default('none'),
      pushed: z.boolean().default(false),
    }),
    async (accounts, input) => {
      const problem = grantsProblem(input)
      if (problem !== undefined) throw new AccountFailure('invalid', problem)
      return accounts.createClient(input)
    },
  ),
  'clients/list': operation(z.strictObject({}), async accounts => ({ clients: await accounts.clients.list() })),
  'clients/show': operation(clientId, async (accounts, input) =>
    present(await accounts.clients.get(input.clientId), `client ${input.clientId}`),
  ),
  'clients/rotate': operation(clientId.extend({ overlap }), (accounts, input) =>
    accounts.clients.rotate(input.clientId, input.overlap),
  ),
  'clients/revoke': operation(clientId, (accounts, input) => accounts.revokeClient(input.clientId)),
  'keyring/rotate': operation(
    z.strictObject({
      newKey: z
        .string()
        .max(4096)
        .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'is no place for a key: write env:NAME or file:PATH')
        .optional(),
    }),
    async (accounts, { newKey }) => {
      await accounts.rotateMasterKey(newKey)
      return {}
    },
  ),
  'keys/create': operation(
    z.strictObject({
      name: nameText,
      env: z
        .string()
        .regex(/^[a-z0-9]{1,12}$/, 'may hold a to z and digits, 12 at the most')
        .default('live'),
      owner: nameText.default('unknown'),
      scopes,
      expiresIn: ttl.optional(),
      networks: z.array(networkField).max(64).default([]),
      quota: quotaText.optional(),
      canary: z.boolean().default(false),
    }),
    (accounts, { expiresIn, quota, ...input }) =>
      accounts.createKey({
        ...input,
        ...(quota && { quota }),
        expiresAtMs: expiresIn === undefined ? undefined : accounts.now() + expiresIn,
      }),
  ),
  'keys/import': operation(
    z.strictObject({ keys: z.array(importedKey).min(1).max(importedKeysMax), dryRun: z.boolean().default(false) }),
    (accounts, { keys, dryRun }) => accounts.importKeys(keys, dryRun),
  ),
  'keys/list': operation(z.strictObject({}), async accounts => ({ keys: await accounts.keys.list() })),
  'keys/show': operation(keyId, async (accounts, input) =>
    present(await accounts.keys.get(input.keyId), `key ${input.keyId}`),
  ),
  'keys/rotate': operation(keyId.extend({ overlap }), (accounts, input) =>
    accounts.rotateKey(input.keyId, input.overlap),
  ),
  'keys/revoke': operation(keyId, (accounts, input) => accounts.revokeKey(input.keyId)),
  ...userOperations,
} satisfies Record<string, Operation>

export type AccountOperation = keyof typeof operations

export const accountOperations = Object.keys(operations) as readonly AccountOperation[]

/** @throws AccountFailure when it can't be done, or was asked for wrongly */
export async function runAccountOperation(
  accounts: Accounts,
  name: AccountOperation,
  input: unknown,
): Promise<unknown> {
  const { schema, run }: Operation = operations[name]
  const parsed = schema.safeParse(input)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const place = issue?.path.join('.') ?? ''
    throw new AccountFailure('invalid', `${place === '' ? '' : `${place}: `}${issue?.message ?? 'is wrong'}`)
  }
  return run(accounts, parsed.data as never)
}

function present<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new AccountFailure('not-found', `there is no ${what}`)
  return value
}
