// Options of the guard `quota`.

import { z } from 'zod'
import { quotaLimitMax, quotaPeriods } from '../../pipeline/quota.ts'

const limitSchema = z.strictObject({
  limit: z.number().int().min(1).max(quotaLimitMax).meta({ description: 'Requests in a period.' }),
  per: z.enum(quotaPeriods).meta({ description: 'Length of the period; a rolling month has 30 days.' }),
  window: z.enum(['calendar', 'rolling']).default('calendar').meta({
    description:
      'calendar: periods begin with the hour, the day or the month, in UTC. rolling: what counts are the last hour, 24 hours or 30 days at any moment, to a twelfth of the period.',
  }),
  key: z.enum(['principal', 'client', 'apiKey']).default('principal').meta({
    description:
      'What is counted: each principal, whatever it is (an address where nobody is known); each OAuth client, with all its users; each API key.',
  }),
})

export const quotaOptions = z
  .strictObject({
    limits: z.array(limitSchema).max(16).default([]).meta({
      description: 'Quotas that hold together. The quota of an API key, where it has one, holds besides.',
    }),
  })
  .meta({ description: 'How much may be used in hours, days and months.' })

export type QuotaOptions = z.output<typeof quotaOptions>
export type QuotaLimit = QuotaOptions['limits'][number]
