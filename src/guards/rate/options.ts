// Options of the guard `rate`.

import { z } from 'zod'
import { durationField } from '../../lib/fields.ts'

const dayMs = 86_400_000

export const rateOptions = z
  .strictObject({
    limit: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(1200)
      .meta({ description: 'Requests in a window. All of them may come at once.' }),
    window: durationField
      .refine(ms => ms >= 1000 && ms <= dayMs, { message: 'must be between 1s and 1d' })
      .prefault('1m')
      .meta({ description: 'Time in which a used-up limit fills again, steadily. 1s to 1d.' }),
    key: z.enum(['client.ip', 'client.ja4', 'client.http', 'all']).default('client.ip').meta({
      description:
        'What is counted: each client address (an IPv6 /64 counts as one); each TLS fingerprint or HTTP fingerprint, which all clients of one make share (an address where there is none); or all requests together.',
    }),
  })
  .meta({ description: 'How many requests a client may send (GCRA).' })

export type RateOptions = z.output<typeof rateOptions>
