// The section `accounts.oauth.signIn` of merlon.yaml: what the pages of the authorization server look like, which
// passwords are taken, and other identity providers that users may sign in with.

import { z } from 'zod'
import { webUrlProblem } from '../lib/web-url.ts'
import { membershipPattern, membershipProblem } from '../pipeline/identity.ts'
import { urlField } from './url-field.ts'

const providerSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'may hold a to z, digits and -, 32 at the most')
    .meta({ description: 'Stands in addresses and in names of users that are made.' }),
  name: z.string().min(1).max(64).meta({ description: 'For people: Sign in with NAME.' }),
  issuer: urlField(webUrlProblem).meta({ description: 'Its issuer, as its metadata has it.' }),
  clientId: z.string().min(1).max(256).meta({ description: 'Who the gateway is there.' }),
  clientSecret: z
    .string()
    .regex(/^(env|file):.+/, 'must be env:NAME or file:PATH')
    .meta({ description: 'Its secret there: env:NAME or file:PATH.' }),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'is not a scope'))
    .max(16)
    .default(['openid', 'profile'])
    .refine(scopes => scopes.includes('openid'), { message: 'must hold openid' })
    .meta({ description: 'What is asked for.' }),
  createUsers: z.boolean().default(false).meta({
    description: 'Whether anybody who has an account there becomes a user; else `merlon users link` says who may.',
  }),
})

export const signInSchema = z
  .strictObject({
    title: z.string().min(1).max(64).default('Merlon').meta({ description: 'Whose pages these are, for people.' }),
    theme: z.string().min(1).max(4096).optional().meta({
      description: 'A style sheet after ours, seen from the folder of this file; sets --accent and the like.',
    }),
    passwordLength: z
      .number()
      .int()
      .min(8)
      .max(64)
      .default(10)
      .meta({ description: 'Characters that a new password must have at least.' }),
    breachedPasswords: urlField(webUrlProblem).optional().meta({
      description:
        'A service of passwords that are known from breaches, asked for the first five digits of a SHA-1 (GET URL/ABCDE). None is asked unless given.',
    }),
    requireSecondFactor: z
      .union([z.literal('all'), z.array(z.string().regex(membershipPattern, membershipProblem)).max(64)], {
        message: 'must be `all` or a list of roles',
      })
      .default([])
      .meta({
        description:
          'Who gets in with a second factor alone: `all`, or users who have one of these roles. Who has none must set one up before they are signed in.',
      }),
    providers: z
      .array(providerSchema)
      .max(8)
      .default([])
      .refine(list => new Set(list.map(({ id }) => id)).size === list.length, { message: 'two have the same id' })
      .meta({ description: 'Other identity providers (OpenID Connect) that users may sign in with.' }),
  })
  .prefault({})
  .meta({ description: 'How users sign in.' })
