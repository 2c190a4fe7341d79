// A key that another system gave out, as a file of them says it: the SHA-256 of it, and what it may do. The key itself
// is never asked for.

import { z } from 'zod'
import { networkField } from '../lib/fields.ts'
import { nameText, quotaText, scopes } from './operation.ts'

/** At once; a file that holds more is taken in parts. */
export const importedKeysMax = 1000
/** A longer one is nobody's key: it is not hashed. */
export const importedKeyLengthMax = 512

export const importedKey = z.strictObject({
  sha256: z
    .string()
    .regex(/^[0-9A-Fa-f]{64}$/, 'is no SHA-256: write 64 hexadecimal digits')
    .transform(text => text.toLowerCase()),
  name: nameText,
  owner: nameText.default('unknown'),
  scopes,
  expires: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], {
      error: 'is no time: write 2027-01-31 or 2027-01-31T12:00:00Z',
    })
    .transform(text => Date.parse(text))
    .optional(),
  ranges: z.array(networkField).max(64).default([]),
  quota: quotaText.optional(),
})

export type ImportedKey = z.output<typeof importedKey>

export interface ImportReport {
  readonly imported: readonly { readonly keyId: string; readonly name: string }[]
  /** Keys that were here before, by their place in what was given; with one of them nothing is imported. */
  readonly known: readonly { readonly index: number; readonly keyId: string }[]
}
