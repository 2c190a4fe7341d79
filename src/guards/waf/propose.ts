// The narrowest exclusions that would let a request pass, in the form that the config takes: one rule, one field, one
// method and path, and a last day, so that what nobody needs any more ends by itself.

import { type ExclusionOptions, exclusionOptions } from './options.ts'

/** Days that a proposed exclusion lasts. */
const lastsDays = 90
const dayMs = 86_400_000

/** What a rule has matched where, as evidence and events have it. */
export interface Blamed {
  readonly rule: number
  readonly where: string
}

/** Undefined where the method or the path can't stand in a config. A field that can't is left out: the rule is off then. */
export function proposeExclusions(
  method: string,
  path: string,
  blamed: readonly Blamed[],
  nowMs: number,
): readonly ExclusionOptions[] | undefined {
  const expires = new Date(nowMs + lastsDays * dayMs).toISOString().slice(0, 10)
  const found = new Map<string, ExclusionOptions>()
  for (const { rule, where } of blamed) {
    // Readings of a field are excluded with it.
    const field = where.startsWith('LAYERS:') ? where.slice('LAYERS:'.length) : where
    const whole = { rule, method, path, expires }
    const named = exclusionOptions.safeParse({ ...whole, field })
    const parsed = named.success ? named : exclusionOptions.safeParse(whole)
    if (!parsed.success) return undefined
    found.set(`${rule} ${parsed.data.field ?? ''}`, parsed.data)
  }
  return [...found.values()]
}

/** As it stands in the config under guards.waf. */
export function exclusionYaml(exclusions: readonly ExclusionOptions[]): string {
  const lines = exclusions.map(({ rule, field, method, path, expires }) => {
    const parts = [
      `rule: ${rule}`,
      ...(field === undefined ? [] : [`field: ${JSON.stringify(field)}`]),
      ...(method === undefined ? [] : [`method: ${method}`]),
      `path: ${JSON.stringify(path)}`,
      ...(expires === undefined ? [] : [`expires: ${expires}`]),
    ]
    return `  - { ${parts.join(', ')} }`
  })
  return ['exclusions:', ...lines].join('\n')
}
