// The admin API as a table: method, path, and who may call it. What shows or changes more than health and metrics is
// served on the Unix socket alone, which only the user that runs the gateway can open.

import { z } from 'zod'
import { AccountFailure } from '../accounts/failure.ts'
import { accountOperations } from '../accounts/operations.ts'
import { prometheusContentType } from '../events/prometheus.ts'
import { parseIp } from '../lib/ip.ts'
import type { EventFilter } from '../store/store.ts'
import type { Runtime } from './runtime.ts'

export interface AdminAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

interface AdminRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly access: 'anyone' | 'socket'
  /** `body` is the JSON of the request, undefined when there is none. */
  readonly handle: (runtime: Runtime, query: URLSearchParams, body: unknown) => AdminAnswer | Promise<AdminAnswer>
}

export const adminRoutes: readonly AdminRoute[] = [
  { method: 'GET', path: '/healthz', access: 'anyone', handle: () => text(200, 'ok') },
  {
    method: 'GET',
    path: '/readyz',
    access: 'anyone',
    handle: runtime => (runtime.ready ? text(200, 'ready') : text(503, 'not ready')),
  },
  {
    method: 'GET',
    path: '/metrics',
    access: 'anyone',
    handle: async runtime => ({ status: 200, contentType: prometheusContentType, body: await runtime.metrics() }),
  },
  {
    method: 'GET',
    path: '/api/v1/status',
    access: 'socket',
    handle: async runtime => json(200, await runtime.status()),
  },
  {
    method: 'POST',
    path: '/api/v1/reload',
    access: 'socket',
    handle: async runtime => {
      const result = await runtime.reloadFile()
      return json(result.ok ? 200 : 422, result)
    },
  },
  {
    method: 'GET',
    path: '/api/v1/events',
    access: 'socket',
    handle: (runtime, query) => {
      const filter = eventFilter.safeParse(Object.fromEntries(query))
      if (!filter.success) return json(400, { title: 'Bad query', detail: z.prettifyError(filter.error) })
      const found = runtime.events(filter.data as EventFilter)
      return json(200, { events: found.map(({ position, json: event }) => ({ position, event: JSON.parse(event) })) })
    },
  },
  ...accountOperations.map(
    (operation): AdminRoute => ({
      method: 'POST',
      path: `/api/v1/${operation}`,
      access: 'socket',
      handle: async (runtime, _query, body) => {
        try {
          return json(200, await runtime.accounts(operation, body ?? {}))
        } catch (error) {
          if (!(error instanceof AccountFailure)) throw error
          return json(accountStatus[error.code], { title: 'Not done', detail: error.message })
        }
      },
    }),
  ),
]

const accountStatus = { invalid: 400, 'not-found': 404, conflict: 409, busy: 503 } as const

const wholeNumber = z.coerce.number().int().min(0)

const eventFilter = z.strictObject({
  reference: z.string().max(64).optional(),
  sinceMs: wholeNumber.optional(),
  untilMs: wholeNumber.optional(),
  action: z.enum(['allow', 'answer', 'deny', 'would-deny', 'fail']).optional(),
  guard: z.string().max(64).optional(),
  clientIp: z
    .string()
    .refine(ip => parseIp(ip) !== undefined, 'is no address')
    .optional(),
  after: wholeNumber.optional(),
  order: z.enum(['oldest-first', 'newest-first']).default('newest-first'),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
})

export function json(status: number, value: unknown): AdminAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}

function text(status: number, body: string): AdminAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` }
}
