// What `events query` and `events tail` have in common: filter options, the journal, and the line for a person.

import { existsSync } from 'node:fs'
import type { ExclusionOptions } from '../guards/waf/options.ts'
import { proposeExclusions } from '../guards/waf/propose.ts'
import { formatIp, parseIp } from '../lib/ip.ts'
import { parseDuration } from '../lib/units.ts'
import { openSqliteJournal } from '../store/journal-sqlite.ts'
import type { EventFilter, Journal, StoredEvent } from '../store/store.ts'
import { CommandFailure } from './output.ts'
import { journalFile, type StateOptions, stateDir } from './state.ts'

export interface FilterOptions extends StateOptions {
  readonly reference?: string
  readonly since?: string
  readonly client?: string
  readonly guard?: string
  readonly action?: string
  readonly json?: true
}

export type PartialFilter = Omit<EventFilter, 'order' | 'limit'>

export function eventFilter(options: FilterOptions, nowMs: number): PartialFilter {
  const { reference, client, guard, action, since } = options
  return {
    ...(reference !== undefined && { reference }),
    ...(client !== undefined && { clientIp: canonicalIp(client) }),
    ...(guard !== undefined && { guard }),
    ...(action !== undefined && { action }),
    ...(since !== undefined && { sinceMs: parseSince(since, nowMs) }),
  }
}

/** As events have it, however it was written. */
function canonicalIp(text: string): string {
  const ip = parseIp(text)
  if (ip) return formatIp(ip)
  throw new CommandFailure(`--client ${text}: is no IP address`, 2)
}

function parseSince(text: string, nowMs: number): number {
  const duration = parseDuration(text)
  if (duration !== undefined) return nowMs - duration
  const date = Date.parse(text)
  if (!Number.isNaN(date)) return date
  throw new CommandFailure(`--since ${text}: write a duration such as 1h or a date such as 2026-01-31T12:00`, 2)
}

export function parseCount(option: string, text: string, max: number): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count <= max) return count
  throw new CommandFailure(`${option} ${text}: write a number from 0 to ${max}`, 2)
}

export async function openJournal(options: StateOptions): Promise<Journal> {
  const file = journalFile(await stateDir(options))
  if (!existsSync(file))
    throw new CommandFailure(`no events: ${file} does not exist. Has a gateway run with this state folder?`)
  try {
    return openSqliteJournal(file, { readOnly: true })
  } catch (error) {
    throw new CommandFailure(error instanceof Error ? error.message : String(error))
  }
}

/** One line for a person; the JSON has the rest. */
export function formatEvent({ timeMs, action, guard, clientIp, path, reference, json }: StoredEvent): string {
  const time = new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')
  const fields = JSON.parse(json) as EventFields
  const who = `${clientIp.padEnd(15)}  ${reference}`
  return `${time}  ${action.padEnd(10)}  ${guard.padEnd(7)}  ${who}  ${method(fields)} ${shorten(path)}  ${reason(fields)}`
}

/** What would have let the request of an event pass, as far as the event tells: it was not tried. */
export function exclusionsOf({ guard, path, json }: StoredEvent): readonly ExclusionOptions[] {
  if (guard !== 'waf') return []
  const fields = JSON.parse(json) as EventFields
  const evidence = (fields.merlon?.findings ?? []).flatMap(finding => finding.evidence ?? [])
  const blamed = evidence.flatMap(({ rule, where }) =>
    typeof rule === 'string' && Number.isInteger(Number(rule)) && typeof where === 'string'
      ? [{ rule: Number(rule), where }]
      : [],
  )
  return proposeExclusions(method(fields), path, blamed, Date.now()) ?? []
}

interface EventFields {
  readonly http?: { readonly request?: { readonly method?: unknown } }
  readonly merlon?: { readonly detail?: unknown; readonly code?: unknown; readonly findings?: readonly Finding[] }
}

interface Finding {
  readonly evidence?: readonly {
    readonly rule?: unknown
    readonly message?: unknown
    readonly where?: unknown
    readonly points?: unknown
  }[]
}

function method({ http }: EventFields): string {
  return typeof http?.request?.method === 'string' ? http.request.method : '-'
}

/** The heaviest proof says more than the sum. */
function reason({ merlon }: EventFields): string {
  const evidence = (merlon?.findings ?? []).flatMap(finding => finding.evidence ?? [])
  const heaviest = evidence.toSorted((a, b) => Number(b.points ?? 0) - Number(a.points ?? 0))[0]
  const proof = heaviest ? `${heaviest.rule} ${heaviest.message} (${heaviest.where})` : ''
  return shorten(proof || String(merlon?.detail || merlon?.code || ''))
}

function shorten(text: string): string {
  // A path may hold terminal control sequences; none reaches the terminal.
  const plain = text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?')
  return plain.length > 80 ? `${plain.slice(0, 79)}…` : plain
}
