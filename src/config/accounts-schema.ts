// The section `accounts` of merlon.yaml: the authorization server, and other issuers whose tokens count.

import { z } from 'zod'
import { durationField } from '../lib/fields.ts'
import { jwtAlgorithms } from '../lib/jwt.ts'
import { webUrlProblem } from '../lib/web-url.ts'
import { signInSchema } from './sign-in-schema.ts'
import { urlField } from './url-field.ts'

const dayMs = 86_400_000

function resourceProblem(text: string): string | undefined {
  return webUrlProblem(text) ?? (text.includes('#') ? 'must have no part after #' : undefined)
}

const issuerField = urlField(text => {
  const problem = webUrlProblem(text)
  if (problem) return problem
  const { origin } = new URL(text)
  return text === origin ? undefined : `must be an origin, without path and closing slash: write ${origin}`
}).meta({ description: 'Where clients reach the gateway, as it stands in tokens: https://api.example.com.' })

const introspectionSchema = z
  .strictObject({
    endpoint: urlField(webUrlProblem).meta({ description: 'Where to ask (RFC 7662).' }),
    clientId: z.string().min(1).max(256).meta({ description: 'Who asks.' }),
    clientSecret: z
      .string()
      .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'must be env:NAME or file:PATH')
      .meta({ description: 'Its secret: env:NAME or file:PATH.' }),
    ttl: durationField
      .refine(ms => ms >= 1000 && ms <= 600_000, { message: 'must be between 1s and 10m' })
      .prefault('60s')
      .meta({ description: 'How long a good answer is used: until then a revocation there is not known here.' }),
    negativeTtl: durationField
      .refine(ms => ms >= 1000 && ms <= 600_000, { message: 'must be between 1s and 10m' })
      .prefault('10s')
      .meta({ description: 'How long a bad answer is used.' }),
  })
  .meta({
    description: 'For its opaque tokens: asks it what they stand for. While it does not answer they are refused.',
  })

export const accountsSchema = z
  .strictObject({
    oauth: z
      .strictObject({
        issuer: issuerField,
        signing: z
          .enum(['ES256', 'EdDSA', 'RS256'])
          .default('ES256')
          .meta({ description: 'Algorithm of access tokens.' }),
        rotate: durationField
          .refine(ms => ms >= 2 * dayMs && ms <= 366 * dayMs, { message: 'must be between 2d and 366d' })
          .prefault('30d')
          .meta({ description: 'How long a key signs before the next does; both are published around the change.' }),
        resources: z.array(urlField(resourceProblem)).max(32).default([]).meta({
          description: 'What tokens may be asked for besides the issuer (`resource`, RFC 8707): URLs of APIs.',
        }),
        signIn: signInSchema,
        tokenTtl: durationField
          .refine(ms => ms >= 60_000 && ms <= 3_600_000, { message: 'must be between 1m and 1h' })
          .optional()
          .meta({ description: 'How long access tokens live. Default: 1h, with preset zero-trust 5m.' }),
      })
      .optional()
      .meta({
        description: 'The authorization server, at /oauth/* and /.well-known/* of the gateway; off when absent.',
      }),
    issuers: z
      .array(
        z
          .strictObject({
            issuer: z.string().min(1).max(2048).meta({ description: 'The `iss` of its tokens, letter by letter.' }),
            jwks: z
              .union([
                urlField(webUrlProblem),
                z
                  .string()
                  .max(4096)
                  .regex(/^(?!https?:)[^\0]+$/),
              ])
              .optional()
              .meta({ description: 'Its key set, for JWTs: a URL, or a file seen from the folder of this file.' }),
            introspection: introspectionSchema.optional(),
            audience: z
              .array(z.string().min(1).max(2048))
              .min(1, 'needs at least one audience')
              .max(32)
              .meta({ description: 'Tokens must be for one of these (`aud`).' }),
            algorithms: z
              .array(z.enum(jwtAlgorithms))
              .min(1, 'needs at least one algorithm')
              .default(['ES256', 'EdDSA', 'RS256', 'PS256'])
              .meta({ description: 'Algorithms that it signs with.' }),
            refresh: durationField
              .refine(ms => ms >= 10_000 && ms <= dayMs, { message: 'must be between 10s and 1d' })
              .prefault('5m')
              .meta({ description: 'How often its keys are fetched anew.' }),
          })
          .refine(({ jwks, introspection }) => jwks !== undefined || introspection !== undefined, {
            message: 'needs jwks, introspection or both',
          }),
      )
      .max(32)
      .default([])
      .meta({ description: 'Others whose access tokens the guard `authn` accepts.' }),
  })
  .prefault({})
  .meta({ description: 'Who may call: the authorization server, API keys and other issuers.' })

export type AccountsInput = z.output<typeof accountsSchema>
