// One thing that can be asked of the accounts: what it takes, checked, and what it does.

import { z } from 'zod'
import { parseQuota } from '../pipeline/quota.ts'
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

/** RFC 6749 §3.3, and no wildcard that a reader could take for more than its letters. */
const scopeText = z.string().regex(/^[A-Za-z0-9:._/-]{1,64}$/, 'may hold letters, digits and : . _ / -, 64 at the most')
export const scopes = z.array(scopeText).max(64).default([])

export const quotaText = z.string().transform((text, context) => {
  const quota = parseQuota(text)
  if (quota) return quota
  context.addIssue({ code: 'custom', message: 'is no quota: write 1000/hour, 1000/day or 1000/month', input: text })
  return z.NEVER
})
