// Options of the guard `lists`.

import { z } from 'zod'
import { networkField } from '../../lib/fields.ts'

/** More than any published block list that an operator would paste; longer ones belong in a reputation feed. */
const entriesMax = 100_000

export const listsOptions = z
  .strictObject({
    allow: z.array(networkField).max(entriesMax).default([]).meta({
      description: 'Addresses that `deny` and the rate limit leave alone. Every other guard still judges them.',
    }),
    deny: z
      .array(networkField)
      .max(entriesMax)
      .default([])
      .meta({ description: 'Addresses that are refused with 403.' }),
  })
  .meta({ description: 'Addresses and networks that are always refused, or never limited.' })

export type ListsOptions = z.output<typeof listsOptions>
