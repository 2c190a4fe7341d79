// Options of the guard `leak`.

import { z } from 'zod'
import { secretGroups } from '../../lib/secrets.ts'

const summaries =
  'merlon (keys and client secrets of ours), vendors (tokens of well-known services), privateKeys, urls (with a password), jwt'

export const leakOptions = z
  .strictObject({
    secrets: z
      .array(z.enum(secretGroups))
      .min(1, 'needs at least one kind of secret')
      .meta({ description: `What is looked for: ${summaries}.` }),
    action: z.enum(['block', 'mask']).default('block').meta({
      description:
        'block: a response whose start (`limits.responseInspected`) holds one is kept back, with 502. mask: each becomes asterisks while the response streams, to its end.',
    }),
  })
  .meta({
    description:
      'Secrets in responses. Runs only where it is configured; `mode: monitor` tells of them and lets them pass.',
  })

export type LeakOptions = z.output<typeof leakOptions>
