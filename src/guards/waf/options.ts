// Options of the guard `waf`.

import { z } from 'zod'

export const wafOptions = z
  .strictObject({
    rules: z
      .array(z.string().min(1).max(4096))
      .min(1, 'needs at least one rule set: builtin, crs, or a path')
      .max(64)
      .default(['builtin'])
      .meta({
        description:
          'Rule sets, in order: builtin, crs (the installed Core Rule Set), or paths of SecLang files, folders of them, or a CRS folder.',
      }),
    paranoia: z.number().int().min(1).max(4).default(1).meta({
      description: 'How suspicious: 1 for every site, 4 for those that tune. Sets the paranoia level of the rules.',
    }),
    threshold: z.number().int().min(1).max(10_000).default(5).meta({
      description: 'Points at which a request is refused. A rule that is sure of an attack weighs 5.',
    }),
  })
  .meta({ description: 'Rules in SecLang, run by our engine.' })

export type WafOptions = z.output<typeof wafOptions>
