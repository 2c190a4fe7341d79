// Parts of a route besides its guards: rules for headers, maintenance, error pages.

import { z } from 'zod'
import { durationField, networkField } from '../lib/fields.ts'
import { ownHeaders } from '../pipeline/header-rules.ts'

const namePattern = /^[!#$%&'*+.^_`|~A-Za-z0-9-]{1,128}$/

const headerName = z
  .string()
  .regex(namePattern, 'is not the name of a header')
  .refine(name => !ownHeaders.has(name.toLowerCase()), { message: 'is written by Merlon itself' })

const headerValue = z
  .string()
  .max(4096)
  .regex(/^[\t\x20-\x7e]*$/, 'may hold printable ASCII alone')

const values = (description: string) => z.record(headerName, headerValue).default({}).meta({ description })

const names = (description: string) => z.array(headerName).max(100).default([]).meta({ description })

export const headersSchema = z
  .strictObject({
    request: z
      .strictObject({
        set: values('Headers that the upstream gets in place of the client’s.'),
        remove: names('Headers that the upstream does not get.'),
        underscores: z.enum(['pass', 'drop', 'refuse']).default('pass').meta({
          description:
            'Header names with an underscore, which some servers take for a dash: pass, drop, or refuse the request.',
        }),
      })
      .prefault({}),
    response: z
      .strictObject({
        set: values('Headers that the client gets in place of the upstream’s.'),
        add: values('Headers that the client gets beside the upstream’s.'),
        remove: names('Headers that the client does not get.'),
        security: z.enum(['off', 'api', 'site']).default('off').meta({
          description:
            'Security headers where the upstream sends none: api for what no browser shows, site for pages. Hides Server and X-Powered-By.',
        }),
      })
      .prefault({}),
  })
  .meta({ description: 'Rules for headers.' })

export const clientCertSchema = z
  .strictObject({
    ca: z
      .string()
      .min(1)
      .max(4096)
      .meta({ description: 'File with the authorities whose certificates are good, PEM.' }),
    crl: z.string().min(1).max(4096).optional().meta({
      description: 'File with their lists of certificates that were taken back, PEM.',
    }),
    names: z
      .array(
        z
          .string()
          .max(2048)
          .regex(
            /^(?:spiffe:\/\/[a-z0-9._-]+(?:\/[\w.-]+)*(?:\/\*)?|(?:URI|DNS|email):[^\s"]+)$/,
            'is no name: write spiffe://example.org/billing, spiffe://example.org/*, DNS:a.example, URI:… or email:…',
          )
          .transform(name => (name.startsWith('spiffe:') ? `URI:${name}` : name)),
      )
      .max(1000)
      .default([])
      .meta({ description: 'Names of which the certificate must have one; any when absent.' }),
  })
  .meta({ description: 'Demands a client certificate (mutual TLS) for this route.' })

export const maintenanceSchema = z
  .union([
    z.boolean(),
    z.strictObject({
      retryAfter: durationField.prefault('5m').meta({ description: 'When clients are told to come back.' }),
      allow: z.array(networkField).max(1000).default([]).meta({ description: 'Clients that pass all the same.' }),
    }),
  ])
  .meta({ description: 'Answers with 503 instead of asking the upstream. Guards still see every request.' })

export const pagesSchema = z
  .record(z.string().regex(/^(?:[45]\d\d|[45]xx)$/, 'is no status: write 403, 4xx or 5xx'), z.string().min(1).max(4096))
  .meta({
    description:
      'HTML files for refusals and failures of Merlon’s own, by status (403, 4xx, 5xx). {{status}}, {{title}}, {{detail}} and {{reference}} are filled in.',
  })

export const matchHeadersSchema = z
  .record(z.string().regex(namePattern, 'is not the name of a header'), z.string().max(1024))
  .transform(given => Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value])))
  .meta({ description: 'Headers that the request must have, with their value, or "*" for any.' })
