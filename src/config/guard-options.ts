// The options of each guard on each route: the defaults under `guards:`, with the route's own section laid over them
// key by key, checked by the guard's own schema. What is wrong is reported where it was written, once.

import type { z } from 'zod'
import type { Problem } from '../lib/problem.ts'
import type { GuardDefinition } from '../pipeline/guard.ts'
import type { Mode } from '../pipeline/verdict.ts'
import type { GuardConfig } from './config.ts'
import { describeIssue, keysOf } from './problems.ts'
import type { ConfigSource, Path } from './source.ts'

type Section = Readonly<Record<string, unknown>>

const strictness: Readonly<Record<Mode, number>> = { off: 0, monitor: 1, protect: 2 }

/** off < monitor < protect: the least strict of the places that name a mode wins. */
export function lowestMode(...modes: readonly (Mode | undefined)[]): Mode {
  let lowest: Mode = 'protect'
  for (const mode of modes) if (mode !== undefined && strictness[mode] < strictness[lowest]) lowest = mode
  return lowest
}

export class GuardOptions {
  readonly problems: Problem[] = []
  readonly #source: ConfigSource
  readonly #guards: readonly GuardDefinition[]
  readonly #reported = new Set<string>()

  constructor(source: ConfigSource, guards: readonly GuardDefinition[]) {
    this.#source = source
    this.#guards = guards
  }

  /** Checks the sections under `guards:` by themselves. A required option may still come from the routes. */
  checkDefaults(defaults: unknown): void {
    for (const guard of this.#guards) {
      const section = sectionOf(defaults, guard.name)
      if (!section) continue
      const issues = parseOptions(guard, section).error?.issues ?? []
      const given = issues.filter(issue => !(issue.code === 'invalid_type' && issue.input === undefined))
      this.#report(guard, given, path => ['guards', guard.name, ...path])
    }
  }

  /** A guard runs when it has a section, or when it needs no options. */
  forRoute(
    defaults: unknown,
    overlay: unknown,
    routePath: Path,
    ...modes: readonly (Mode | undefined)[]
  ): Record<string, GuardConfig> {
    const result: Record<string, GuardConfig> = {}
    for (const guard of this.#guards) {
      const below = sectionOf(defaults, guard.name)
      const above = sectionOf(overlay, guard.name)
      const merged: Section = { ...below, ...above }
      const parsed = parseOptions(guard, merged)
      if (parsed.success) {
        const mode = lowestMode(modeOf(merged), ...modes)
        result[guard.name] = { mode, options: parsed.data }
      } else if (below || above) {
        const own = [...routePath, 'guards', guard.name]
        this.#report(guard, parsed.error.issues, path => {
          const fromDefaults = path.length > 0 ? !(above && String(path[0]) in above) && below : !above
          return fromDefaults ? ['guards', guard.name, ...path] : [...own, ...path]
        })
      } else result[guard.name] = { mode: 'off', options: undefined }
    }
    return result
  }

  #report(guard: GuardDefinition, issues: readonly z.core.$ZodIssue[], place: (path: Path) => Path): void {
    const known = (path: Path) =>
      path.length === 0 ? ['mode', ...keysOf(guard.options)(path)] : keysOf(guard.options)(path)
    for (const issue of issues) {
      for (const problem of describeIssue(issue, this.#source, place, known)) {
        const key = `${problem.path} ${problem.message}`
        if (this.#reported.has(key)) continue
        this.#reported.add(key)
        this.problems.push(problem)
      }
    }
  }
}

function parseOptions(guard: GuardDefinition, section: Section) {
  const { mode: _, ...options } = section
  return guard.options.safeParse(options, { reportInput: true })
}

function modeOf(section: Section): Mode | undefined {
  const mode = section['mode']
  return mode === 'protect' || mode === 'monitor' || mode === 'off' ? mode : undefined
}

function sectionOf(sections: unknown, name: string): Section | undefined {
  const section = isSection(sections) && Object.hasOwn(sections, name) ? sections[name] : undefined
  return isSection(section) ? section : undefined
}

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
