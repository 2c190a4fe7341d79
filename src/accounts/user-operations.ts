// What can be asked of the directory of users; part of the table of operations.

import { z } from 'zod'
import { membershipPattern, membershipProblem } from '../pipeline/identity.ts'
import { type Operation, operation } from './operation.ts'
import { shownUser } from './users/user.ts'

/** Also an e-mail address; no spaces, and nothing that looks like another letter to who reads a list. */
const username = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$/, 'may hold letters, digits and . _ @ + -, 100 at the most')
const email = z
  .string()
  .max(254)
  .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, 'is not an e-mail address')
const membership = z.array(z.string().regex(membershipPattern, membershipProblem)).max(64)
const link = z.strictObject({ issuer: z.string().min(1).max(2048), subject: z.string().min(1).max(255) })
const who = z.strictObject({ user: z.string().min(1).max(254) })

export const userOperations = {
  'users/create': operation(
    z.strictObject({
      username,
      email: email.optional(),
      roles: membership.default([]),
      groups: membership.default([]),
      password: z.union([z.string().max(1024), z.strictObject({ kind: z.enum(['generate', 'none']) })]),
      links: z.array(link).max(8).default([]),
    }),
    async (accounts, { email, ...input }) => {
      const { user, password } = await accounts.users.create({ ...input, email })
      return { user: shownUser(user), ...(password !== undefined && { password }) }
    },
  ),
  'users/list': operation(z.strictObject({}), async accounts => ({
    users: (await accounts.users.directory.list()).map(shownUser),
  })),
  'users/show': operation(who, async (accounts, { user }) => shownUser(await accounts.users.present(user))),
  'users/change': operation(
    who.extend({ email: email.nullable().optional(), roles: membership.optional(), groups: membership.optional() }),
    async (accounts, { user, email, roles, groups }) =>
      shownUser(
        await accounts.people.change(user, {
          ...(email !== undefined && { email: email ?? undefined }),
          ...(roles && { roles }),
          ...(groups && { groups }),
        }),
      ),
  ),
  'users/link': operation(who.extend({ link }), async (accounts, { user, link }) => {
    const { userId } = await accounts.users.present(user)
    return shownUser(await accounts.users.directory.link(userId, link))
  }),
  'users/set-password': operation(
    who.extend({ password: z.string().max(1024) }),
    async (accounts, { user, password }) => shownUser(await accounts.people.setPassword(user, password)),
  ),
  'users/sign-out': operation(who, async (accounts, { user }) => shownUser(await accounts.people.signOut(user))),
  'users/disable': operation(who, async (accounts, { user }) => shownUser(await accounts.people.disable(user))),
  'users/enable': operation(who, async (accounts, { user }) => shownUser(await accounts.people.enable(user))),
  'users/delete': operation(who, async (accounts, { user }) => shownUser(await accounts.people.delete(user))),
  'users/unlock': operation(who, async (accounts, { user }) => {
    const found = await accounts.users.present(user)
    accounts.users.unlock(found)
    return shownUser(found)
  }),
  'users/reset-mfa': operation(who, async (accounts, { user }) => shownUser(await accounts.people.resetFactors(user))),
} satisfies Record<string, Operation>
