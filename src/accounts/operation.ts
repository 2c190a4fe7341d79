// One thing that can be asked of the accounts: what it takes, checked, and what it does.

import { z } from 'zod'
import type { Accounts } from './accounts.ts'

export interface Operation {
  readonly schema: z.ZodType
  run(accounts: Accounts, input: never): Promise<unknown>
}

export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: (accounts: Accounts, input: z.output<Schema>) => Promise<unknown>,
): Operation {
  return { schema, run }
}

export const nameText = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}]*$/u, 'may hold no control characters')
