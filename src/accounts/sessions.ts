// What a user has open: sessions in browsers, and what they allowed clients. Ending them takes every refresh token with
// it; access tokens, which nobody asks about, go on the list of what is denied.

import type { Records } from '../store/store.ts'
import type { DeniedEntry } from './update.ts'

const pageSize = 1000

/** Every session of a user, and every grant with its tokens. */
export async function endSessions(records: Records, userId: string): Promise<void> {
  await deleteAll(records, 'oidc:Session', userId, async () => {})
  await deleteAll(records, 'oidc:Grant', userId, grantId => records.deleteFamily(grantFamily(grantId)))
}

/** What is deleted together: all that one grant gave. */
export function grantFamily(grantId: string): string {
  return `grant:${grantId}`
}

async function deleteAll(
  records: Records,
  kind: string,
  userId: string,
  before: (id: string) => Promise<unknown>,
): Promise<void> {
  for (;;) {
    const page = await records.find(kind, 'accountId', userId, pageSize)
    for (const { id } of page) {
      await before(id)
      await records.delete(kind, id)
    }
    if (page.length < pageSize) return
  }
}

export function deniedUser(userId: string, untilMs: number, issuedBeforeMs: number | undefined): DeniedEntry {
  return { what: `user:${userId}`, untilMs, ...(issuedBeforeMs !== undefined && { issuedBeforeMs }) }
}

export function deniedGrant(grantId: string, untilMs: number): DeniedEntry {
  return { what: grantFamily(grantId), untilMs }
}
