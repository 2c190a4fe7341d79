// Options of the guard `authn`.

import { z } from 'zod'
import { durationField } from '../../lib/fields.ts'

export const authnOptions = z
  .strictObject({
    require: z
      .array(z.enum(['oauth2', 'apiKey']))
      .min(1, 'needs at least one kind of credential')
      .max(2)
      .meta({ description: 'Credentials that are accepted, any one of them: oauth2 (bearer JWTs), apiKey.' }),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'is not a scope: no spaces, quotes or backslashes'))
      .max(64)
      .default([])
      .meta({ description: 'Scopes that the credential must have, all of them.' }),
    forwardCredential: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether the upstream gets the token or key as it came.' }),
    clockSkew: durationField
      .refine(ms => ms <= 300_000, { message: 'must be at most 5m' })
      .prefault('30s')
      .meta({ description: 'How far the clock of an issuer may be from ours.' }),
  })
  .meta({ description: 'Who may call. Runs only where it is configured.' })

export type AuthnOptions = z.output<typeof authnOptions>
