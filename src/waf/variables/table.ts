// All variables by name. A new one is a line in the file of its family.

import { argumentVariables, xmlText } from './arguments.ts'
import { changingVariables } from './changing.ts'
import type { VariableDefinition } from './definition.ts'
import { layers } from './layers.ts'
import { requestVariables } from './request.ts'
import { responseVariables } from './response.ts'
import type { State } from './state.ts'
import type { Value } from './value.ts'

const all = [...requestVariables, ...argumentVariables, xmlText, layers, ...responseVariables, ...changingVariables]

export const variables: ReadonlyMap<string, VariableDefinition> = new Map(
  all.map(definition => [definition.name.toLowerCase(), definition]),
)

/** Variables of ModSecurity that are not done, with the reason. */
export const refusedVariables: ReadonlyMap<string, string> = new Map([
  ['files_tmpnames', 'uploads are not written to disk; use FILES_TMP_CONTENT'],
  ['stream_input_body', 'streams are not rewritten'],
  ['stream_output_body', 'streams are not rewritten'],
  ['script_basename', 'there is no script behind a gateway'],
  ['script_filename', 'there is no script behind a gateway'],
  ['script_gid', 'there is no script behind a gateway'],
  ['script_groupname', 'there is no script behind a gateway'],
  ['script_mode', 'there is no script behind a gateway'],
  ['script_uid', 'there is no script behind a gateway'],
  ['script_username', 'there is no script behind a gateway'],
  ['perf_all', 'times are metrics'],
  ['perf_combined', 'times are metrics'],
  ['perf_rules', 'times are metrics'],
  ['msc_pcre_error', 'matching takes linear time and cannot fail'],
  ['msc_pcre_limits_exceeded', 'matching takes linear time and has no limit to exceed'],
])

const cacheIndex = new Map(all.map((definition, index) => [definition, index]))
const changedBy = [0, 1, 2, 3, 4].map(phase =>
  all.flatMap((definition, index) => (definition.fixedFrom >= phase && definition.fixedFrom > 0 ? [index] : [])),
)

/** Reads a variable, from memory when it is fixed for now. */
export function readVariable(state: State, definition: VariableDefinition): readonly Value[] {
  if (definition.fixedFrom === 0) return definition.read(state)
  const index = cacheIndex.get(definition)
  if (index === undefined) return definition.read(state)
  const known = state.variableCache[index]
  if (known) return known
  const values = definition.read(state)
  state.variableCache[index] = values
  return values
}

/** Forgets what the data that a new phase brings may have changed. */
export function forgetVariables(state: State, phase: 1 | 2 | 3 | 4 | 5): void {
  if (phase === 5) return
  for (const index of changedBy[phase] ?? []) state.variableCache[index] = undefined
}
