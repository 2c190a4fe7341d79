// The files that events and audit logs are written to, as the config names them. A reload goes on with those that are
// open already, and opens the others before it lets go of any.

import type { Config } from './config/config.ts'
import { type Lines, openLines } from './events/lines.ts'
import { gatewayProblem, messageOf } from './gateway-problems.ts'
import { auditFile } from './guards/waf/index.ts'
import type { WafOptions } from './guards/waf/options.ts'
import type { Problem } from './lib/problem.ts'

type LinesByTarget = ReadonlyMap<string, Lines>

export interface OpenFiles {
  readonly events: LinesByTarget
  readonly audits: LinesByTarget
}

export type OpenedFiles =
  | { readonly ok: true; readonly files: OpenFiles }
  | { readonly ok: false; readonly problem: Problem }

export class LogFiles {
  #files: OpenFiles = { events: new Map(), audits: new Map() }

  get events(): readonly Lines[] {
    return [...this.#files.events.values()]
  }

  get all(): readonly Lines[] {
    return [...this.events, ...this.#files.audits.values()]
  }

  /** Opens what a config names; `use` or `drop` follows. */
  open(config: Config): OpenedFiles {
    let path = 'events.file'
    let events: LinesByTarget = new Map()
    try {
      events = openAll(eventTargets(config), this.#files.events)
      path = 'guards.waf.audit.file'
      return { ok: true, files: { events, audits: openAll(auditTargets(config), this.#files.audits) } }
    } catch (error) {
      void closeUnused(events, this.#files.events)
      return { ok: false, problem: gatewayProblem(config, path, messageOf(error)) }
    }
  }

  async use(files: OpenFiles): Promise<void> {
    const before = this.#files
    this.#files = files
    await Promise.all([closeUnused(before.events, files.events), closeUnused(before.audits, files.audits)])
  }

  async drop(files: OpenFiles): Promise<void> {
    await Promise.all([closeUnused(files.events, this.#files.events), closeUnused(files.audits, this.#files.audits)])
  }

  writeAudit(file: string, text: string): void {
    this.#files.audits.get(file)?.write(text)
  }

  reopen(): void {
    for (const lines of this.all) lines.reopen()
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(lines => lines.close()))
  }
}

function eventTargets({ events }: Config): (string | 1)[] {
  return [...(events.stdout ? [1 as const] : []), ...(events.file === undefined ? [] : [events.file])]
}

function auditTargets({ routes, dir }: Config): string[] {
  const files = new Set<string>()
  for (const { guards } of routes) {
    const waf = guards['waf']
    const file = waf && waf.mode !== 'off' ? auditFile(waf.options as WafOptions, dir) : undefined
    if (file !== undefined) files.add(file)
  }
  return [...files]
}

/** @throws Error when a file can't be opened */
function openAll(targets: readonly (string | 1)[], known: LinesByTarget): LinesByTarget {
  return new Map(targets.map(target => [String(target), known.get(String(target)) ?? openLines(target)]))
}

async function closeUnused(lines: LinesByTarget, inUse: LinesByTarget): Promise<void> {
  await Promise.all([...lines].filter(([target]) => !inUse.has(target)).map(([, line]) => line.close()))
}
