// Paranoia level and threshold as a rule that sets them. CRS 3 and CRS 4 name the levels differently and our own rules
// use the names of CRS 4, so all names are set; a set doesn't read the names of another.

import type { RuleSource } from '../waf/types.ts'

export interface SetupValues {
  /** 1 to 4. */
  readonly paranoia?: number
  /** Points at which a request is blocked. */
  readonly threshold?: number
  /** Of the built-in rules. */
  readonly preset?: Preset
}

export const presetNames = ['strict', 'balanced', 'lenient'] as const
export type Preset = (typeof presetNames)[number]
const presetLevels: Readonly<Record<Preset, number>> = { lenient: 1, balanced: 2, strict: 3 }

/** Rule ids from here to +99 are for rules that we generate; sets and sites don't use them. */
export const generatedIds = 77_000_000

const paranoiaNames = [
  'paranoia_level', // CRS 3
  'executing_paranoia_level', // CRS 3
  'blocking_paranoia_level', // CRS 4
  'detection_paranoia_level', // CRS 4
]

/** Undefined when nothing is set. */
export function setupValues(values: SetupValues): RuleSource | undefined {
  const variables: [string, number][] = []
  if (values.paranoia !== undefined) {
    const level = Math.min(4, Math.max(1, Math.trunc(values.paranoia)))
    for (const name of paranoiaNames) variables.push([name, level])
  }
  if (values.threshold !== undefined) {
    variables.push(['inbound_anomaly_score_threshold', Math.max(1, Math.trunc(values.threshold))])
  }
  if (values.preset !== undefined) variables.push(['merlon_level', presetLevels[values.preset]])
  return variables.length === 0 ? undefined : setVariables('set-up values', generatedIds, variables)
}

/** A source with one unconditional rule that sets transaction variables. */
export function setVariables(name: string, id: number, variables: readonly (readonly [string, number])[]): RuleSource {
  const actions = variables.map(([variable, value]) => `setvar:tx.${variable}=${value}`)
  return { name, text: `SecAction "id:${id},phase:1,pass,nolog,t:none,${actions.join(',')}"\n` }
}
