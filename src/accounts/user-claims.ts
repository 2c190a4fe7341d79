// What is told of a user, by scope: in ID tokens and by the userinfo endpoint alike.

import type { StoredUser } from './users/user.ts'

export const claimsByScope = {
  openid: ['sub'],
  profile: ['preferred_username'],
  email: ['email'],
} as const

export function claimsOf({ userId, username, email }: StoredUser): Record<string, string> {
  return { sub: userId, preferred_username: username, ...(email !== undefined && { email }) }
}

export function claimsOfScopes(user: StoredUser, scopes: ReadonlySet<string>): Record<string, string> {
  const told = new Set<string>(
    Object.entries(claimsByScope).flatMap(([scope, names]) => (scopes.has(scope) ? names : [])),
  )
  return Object.fromEntries(Object.entries(claimsOf(user)).filter(([name]) => told.has(name)))
}
