// Options of the guard `authn`.

import { z } from 'zod'
import { durationField } from '../../lib/fields.ts'

/** Names whose values are masked wherever a query is stored or printed (events/mask.ts). */
const keyParameters = ['api_key', 'api-key', 'apikey', 'apiKey', 'access_key', 'access-key'] as const

export const authnOptions = z
  .strictObject({
    require: z
      .array(z.enum(['oauth2', 'apiKey', 'mtls', 'signature']))
      .min(1, 'needs at least one kind of credential')
      .max(4)
      .meta({
        description:
          'Credentials that are accepted, any one of them: oauth2 (access tokens), apiKey, mtls (the certificate of a registered client), signature (a request that a registered client has signed).',
      }),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'is not a scope: no spaces, quotes or backslashes'))
      .max(64)
      .default([])
      .meta({ description: 'Scopes that the credential must have, all of them.' }),
    audience: z
      .array(z.string().min(1).max(2048))
      .max(32)
      .default([])
      .meta({ description: 'What a token must be for, any of these; what its issuer is trusted for unless given.' }),
    acr: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'may hold no spaces, quotes or backslashes'))
      .max(16)
      .default([])
      .meta({
        description: 'How surely a person must have signed in, any of these: 1fa, mfa, phr, or what an issuer says.',
      }),
    maxAge: durationField
      .refine(ms => ms >= 1000 && ms <= 366 * 86_400_000, { message: 'must be between 1s and 366d' })
      .optional()
      .meta({ description: 'How long ago they may have signed in.' }),
    forwardCredential: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether the upstream gets the token or key as it came.' }),
    keyParameter: z.enum(keyParameters).optional().meta({
      description:
        'A parameter of the query that an API key may stand in, for clients that can set no header. Off unless given: addresses stand in logs and histories.',
    }),
    requireBound: z.boolean().default(false).meta({
      description: 'Whether a token must be bound to a key (DPoP) or a client certificate: no plain bearer tokens.',
    }),
    dpop: z
      .strictObject({
        nonce: z
          .boolean()
          .default(true)
          .meta({ description: 'Whether a proof must hold a nonce of ours; clients get one when they have none.' }),
        maxAge: durationField
          .refine(ms => ms >= 5000 && ms <= 300_000, { message: 'must be between 5s and 5m' })
          .prefault('60s')
          .meta({ description: 'How old a proof without a nonce may be.' }),
      })
      .prefault({})
      .meta({ description: 'DPoP proofs (RFC 9449) of tokens that are bound to a key.' }),
    origins: z
      .array(
        z
          .string()
          .max(2048)
          .refine(text => URL.parse(text)?.origin === text, 'is no origin: write https://api.example.com'),
      )
      .max(32)
      .default([])
      .meta({
        description:
          'Where clients reach this API, which proofs and signatures must name; unless given it is what tokens are for (`aud`).',
      }),
    signatures: z
      .strictObject({
        maxAge: durationField
          .refine(ms => ms >= 5000 && ms <= 300_000, { message: 'must be between 5s and 5m' })
          .prefault('60s')
          .meta({ description: 'How old a signature may be.' }),
      })
      .prefault({})
      .meta({ description: 'HTTP Message Signatures (RFC 9421).' }),
    badCredentials: z
      .strictObject({
        slowAfter: z.number().int().min(0).max(100_000).default(10).meta({
          description: 'Refusals of a client network in the window after which each takes `delay` longer.',
        }),
        blockAfter: z.number().int().min(1).max(100_000).default(50).meta({
          description: 'Refusals after which only credentials that are known to be good are looked at.',
        }),
        window: durationField
          .refine(ms => ms >= 1000 && ms <= 86_400_000, { message: 'must be between 1s and 1d' })
          .prefault('5m')
          .meta({ description: 'How long a refusal counts.' }),
        delay: durationField
          .refine(ms => ms <= 5000, { message: 'must be at most 5s' })
          .prefault('1s')
          .meta({ description: 'How much longer a refusal takes.' }),
      })
      .prefault({})
      .meta({ description: 'What becomes of clients that keep presenting bad credentials.' }),
    clockSkew: durationField
      .refine(ms => ms <= 300_000, { message: 'must be at most 5m' })
      .prefault('30s')
      .meta({ description: 'How far the clock of an issuer may be from ours.' }),
  })
  .refine(({ keyParameter, require }) => keyParameter === undefined || require.includes('apiKey'), {
    message: 'means something with apiKey in `require` alone',
    path: ['keyParameter'],
  })
  .refine(({ keyParameter, forwardCredential }) => keyParameter === undefined || forwardCredential, {
    message: 'goes to the upstream with the query: forwardCredential must be true',
    path: ['keyParameter'],
  })
  .meta({ description: 'Who may call. Runs only where it is configured.' })

export type AuthnOptions = z.output<typeof authnOptions>
