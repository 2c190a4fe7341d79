// Config fields that people write with a unit, or as an address. Used by the config schema and by every guard's options,
// so that `15m` and `10.0.0.0/8` are read, and explained, in one way.

import { z } from 'zod'
import { parseNetwork } from './ip.ts'
import { parseDuration, parseSize } from './units.ts'

/** `15m`, `500ms`, `1m30s` → milliseconds. */
export const durationField = z
  .string()
  .transform((text, context) => {
    const ms = parseDuration(text)
    if (ms !== undefined) return ms
    context.addIssue({ code: 'custom', message: 'is not a duration: write 30s, 15m, 12h or 7d', input: text })
    return z.NEVER
  })
  .meta({ description: 'A duration: 500ms, 30s, 15m, 12h, 7d, 1m30s.' })

/** `1MiB`, `64KiB`, or a bare number of bytes → bytes. */
export const sizeField = z
  .union([z.string(), z.number().int().nonnegative()])
  .transform((value, context) => {
    const bytes = typeof value === 'number' ? value : parseSize(value)
    if (bytes !== undefined) return bytes
    context.addIssue({ code: 'custom', message: 'is not a size: write 64KiB, 1MiB or a number of bytes', input: value })
    return z.NEVER
  })
  .meta({ description: 'A size: 64KiB, 1MiB, 100MB, or a number of bytes.' })

/** `10.0.0.0/8`, `2001:db8::/32` or a single address; stays text, so that the config can be posted to workers. */
export const networkField = z
  .string()
  .superRefine((text, context) => {
    if (parseNetwork(text) === undefined) {
      context.addIssue({ code: 'custom', message: 'is no address or network: write 192.0.2.7 or 10.0.0.0/8' })
    }
  })
  .meta({ description: 'An IP address, or a network as 10.0.0.0/8.' })
