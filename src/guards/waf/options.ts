// Options of the guard `waf`.

import { z } from 'zod'

const auditOptions = z
  .strictObject({
    file: z.string().min(1).max(4096).meta({
      description: 'File that records are appended to, one JSON object a line; opened again on SIGHUP.',
    }),
    format: z.enum(['modsecurity-json']).default('modsecurity-json').meta({
      description: 'The JSON audit log of ModSecurity 3.',
    }),
    transactions: z.enum(['relevant', 'all']).optional().meta({
      description:
        'relevant: where a rule matched, or the status is one of SecAuditLogRelevantStatus. By default what SecAuditEngine of the rules says, else relevant.',
    }),
    parts: z
      .string()
      .regex(/^[A-KZ]+$/, 'takes letters A to K and Z, such as ABFHZ')
      .optional()
      .meta({
        description:
          'B request headers, C request body, I the same but not of multipart, E response body, F response headers, H rules that matched. By default what SecAuditLogParts of the rules says, else ABFHZ.',
      }),
    mask: z.boolean().default(true).meta({ description: 'Mask what looks secret, as in events.' }),
  })
  .meta({ description: 'Audit log of transactions in the format of ModSecurity, for tools that read it.' })

export type AuditOptions = z.output<typeof auditOptions>

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
    audit: auditOptions.optional(),
  })
  .meta({ description: 'Rules in SecLang, run by our engine.' })

export type WafOptions = z.output<typeof wafOptions>
