// Reads what a gateway found from its audit log (guards.waf.audit), while that gateway writes it.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoggedMatches } from './live-target.ts'
import { logLine } from './log-line.ts'

const pollMs = 4
const chunkBytes = 256 * 1024
/** A longer line is no record of ours. */
const lineBytesMax = 16 * 1024 * 1024
/** Records that nobody has asked for yet. */
const keptMax = 10_000

export class AuditLogReader {
  readonly #file: number
  readonly #chunk = Buffer.alloc(chunkBytes)
  readonly #found = new Map<string, LoggedMatches>()
  #at: number
  #rest = ''

  /**
   * Starts at the end of what is there.
   * @throws Error when the file can't be opened
   */
  constructor(path: string) {
    this.#file = openSync(path, 'r')
    this.#at = fstatSync(this.#file).size
  }

  /** The record of a request, or undefined when it isn't written in time. */
  async take(reference: string, withinMs: number): Promise<LoggedMatches | undefined> {
    const endMs = performance.now() + withinMs
    for (;;) {
      this.#read()
      const found = this.#found.get(reference)
      this.#found.delete(reference)
      if (found || performance.now() > endMs) return found
      await sleep(pollMs)
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #read(): void {
    for (;;) {
      const count = readSync(this.#file, this.#chunk, 0, chunkBytes, this.#at)
      if (count === 0) return
      this.#at += count
      // JSON text is cut between lines alone, never inside a character that matters here: keys and ids are ASCII.
      const lines = (this.#rest + this.#chunk.toString('latin1', 0, count)).split('\n')
      this.#rest = lines.pop() ?? ''
      if (this.#rest.length > lineBytesMax) this.#rest = ''
      for (const line of lines) this.#take(line)
    }
  }

  #take(line: string): void {
    const record = parseAuditRecord(Buffer.from(line, 'latin1').toString('utf8'))
    if (!record) return
    if (this.#found.size >= keptMax) this.#found.clear()
    this.#found.set(record.reference, record.matches)
  }
}

const severities = ['EMERGENCY', 'ALERT', 'CRITICAL', 'ERROR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG']

/** Undefined for what is no record. */
export function parseAuditRecord(line: string): { reference: string; matches: LoggedMatches } | undefined {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    return undefined
  }
  const transaction = member(record, 'transaction')
  const reference = member(transaction, 'unique_id')
  if (typeof reference !== 'string') return undefined
  const messages = member(transaction, 'messages')
  const matches = (Array.isArray(messages) ? messages : []).map((message: unknown) => {
    const details = member(message, 'details')
    const tags = member(details, 'tags')
    return {
      id: textOf(details, 'ruleId'),
      message: textOf(message, 'message'),
      data: textOf(details, 'data'),
      severity: severities[Number(textOf(details, 'severity'))] ?? '',
      tags: Array.isArray(tags) ? tags.map(String) : [],
    }
  })
  const ids = new Set(matches.map(({ id }) => Number(id)).filter(Number.isSafeInteger))
  return { reference, matches: { ids: [...ids], log: matches.map(logLine) } }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value
    ? (value as Record<string, unknown>)[key]
    : undefined
}

function textOf(value: unknown, key: string): string {
  const text = member(value, key)
  return typeof text === 'string' ? text : ''
}
