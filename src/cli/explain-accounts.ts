// Who may call, as `merlon explain` knows it: read from the state folder and changed in nothing, so that a request with a
// key or a token of ours is judged as the gateway would. Keys of other issuers are not fetched: their tokens are refused.

import { existsSync } from 'node:fs'
import { Accounts, accountsPath } from '../accounts/accounts.ts'
import { IdentityMirror } from '../accounts/mirror.ts'
import type { Config } from '../config/config.ts'
import type { Identity } from '../pipeline/identity.ts'
import { openRecords } from '../store/open-records.ts'
import type { Marks } from '../store/store.ts'
import { say } from './output.ts'

/** Undefined when there are none, or none to be read; then nobody is known, and it is said why. */
export async function lookAtAccounts(config: Config): Promise<Identity | undefined> {
  const { state, key, database } = config.store
  const asks = config.routes.some(({ guards }) => guards['authn'] !== undefined && guards['authn'].mode !== 'off')
  if (!asks || (database === undefined && !existsSync(accountsPath(state)))) return undefined
  try {
    const records = await openRecords({ file: accountsPath(state), database })
    const known = await Accounts.look({ records, stateDir: state, key, now: Date.now }, config.accounts.oauth)
    // Each run is the first: whether a proof was seen before is no property of a request.
    const marks: Marks = { sinceMs: 0, mark: () => 'first' }
    return new IdentityMirror(known, marks, { onUsed: () => {}, onWantKeys: () => {} })
  } catch (error) {
    say(
      `nobody is known, because the accounts can't be read: ${error instanceof Error ? error.message : String(error)}`,
    )
    return undefined
  }
}
