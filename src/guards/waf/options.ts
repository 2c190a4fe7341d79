// Options of the guard `waf`.

import { z } from 'zod'
import { presetNames } from '../../rulesets/setup-values.ts'

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

const path = z.string().regex(/^\/[^"\\%\x00-\x20\x7f*]*\*?$/, 'takes a path such as /articles, or /articles/*')
const field = z
  .string()
  .regex(
    /^(?:(?:LAYERS|RICH_TEXT|BROKEN_FORMS):)?[A-Z_]+(?::[A-Za-z0-9_.[\]$/*@-]+)?$/,
    'takes a place as events name it, such as ARGS:json.body',
  )
  .max(300)

export const exclusionOptions = z
  .strictObject({
    rule: z
      .number()
      .int()
      .min(1)
      .max(99_999_999)
      .meta({ description: 'Id of the rule, as events and explain give it.' }),
    field: field.optional().meta({
      description:
        'The place that the rule no longer looks at, such as ARGS:json.body. Without it, the whole rule is off.',
    }),
    method: z
      .string()
      .regex(/^[A-Z-]{1,32}$/, 'takes a method such as POST')
      .optional()
      .meta({ description: 'Only for this method.' }),
    path: path.meta({ description: 'The decoded path, or its beginning and `*`.' }),
    expires: z
      .union([z.iso.date(), z.iso.datetime({ offset: true })])
      .optional()
      .meta({ description: 'Last day (in UTC) or moment of it. Later it is off, and the config gets a warning.' }),
    reason: z.string().max(500).optional().meta({ description: 'Why, for those who come later.' }),
  })
  .meta({ description: 'What a rule no longer looks at.' })

export type ExclusionOptions = z.output<typeof exclusionOptions>

const richTextOptions = z
  .strictObject({
    path: path.meta({ description: 'The decoded path, or its beginning and `*`.' }),
    field: field.meta({ description: 'The field whose value is rich text, such as ARGS:json.body.' }),
  })
  .meta({ description: 'A field that holds documentation, articles, or code that people post.' })

export type RichTextOptions = z.output<typeof richTextOptions>

const learnOptions = z
  .strictObject({
    mode: z.enum(['off', 'propose', 'apply']).default('propose').meta({
      description:
        'propose: an event says which field it is, and how the config would name it. apply: the field is treated as rich text from then on. off: nothing is looked at.',
    }),
    clients: z.number().int().min(5).max(100).default(20).meta({
      description: 'Distinct clients that must have written rich text to it: principals, or networks of addresses.',
    }),
    days: z.number().int().min(1).max(90).default(7).meta({
      description: 'Days from the first of them to the last; written to on three of them at the least.',
    }),
  })
  .meta({ description: 'Which fields hold rich text, learned from requests that were let pass.' })

export type LearnOptions = z.output<typeof learnOptions>

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
    preset: z.enum(presetNames).default('balanced').meta({
      description:
        'How the built-in rules weigh misses against false alarms: strict, balanced or lenient. docs/detection.md has the rates.',
    }),
    exclusions: z.array(exclusionOptions).max(500).default([]).meta({
      description: 'What rules no longer look at, as `merlon explain` and `merlon events` propose it.',
    }),
    richText: z.array(richTextOptions).max(100).default([]).meta({
      description:
        'Fields of rich text: markup, code and commands pass in them; event handlers, script outside blocks of code and SQL that leaves a string do not.',
    }),
    learnRichText: learnOptions.prefault({}),
    contract: z.boolean().default(true).meta({
      description:
        'Go by the OpenAPI document of the route (`openapi`): what leaves the form of its field and has structure is refused, numbers, identifiers, dates and choices that keep to it are passed over by rules about attacks, and fields with `format: markdown` or `html` are rich text.',
    }),
    audit: auditOptions.optional(),
  })
  .meta({ description: 'Rules in SecLang, run by our engine.' })

export type WafOptions = z.output<typeof wafOptions>
