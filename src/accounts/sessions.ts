// What a user has open: sessions in browsers, and what they allowed clients. Ending them takes every refresh token with
// it; access tokens, which nobody asks about, go on the list of what is denied.

import type { Records } from '../store/store.ts'

const pageSize = 1000

/** Every session of a user, and every grant with its tokens; resolves to what is denied from now on. */
export async function endSessions(records: Records, userId: string): Promise<readonly string[]> {
  await deleteAll(records, 'oidc:Session', userId)
  return deleteAll(records, 'oidc:Grant', userId)
}

/** What is deleted together, and denied together: all that one grant gave. */
export function grantFamily(grantId: string): string {
  return `grant:${grantId}`
}

export function grantOf(family: string): string {
  return family.slice(grantFamily('').length)
}

async function deleteAll(records: Records, kind: string, userId: string): Promise<readonly string[]> {
  const families: string[] = []
  for (;;) {
    const page = await records.find(kind, 'accountId', userId, pageSize)
    for (const { id, family } of page) {
      if (family !== undefined) {
        families.push(family)
        await records.deleteFamily(family)
      }
      await records.delete(kind, id)
    }
    if (page.length < pageSize) return families
  }
}
