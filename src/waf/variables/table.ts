// All variables by name. A new one is a line in the file of its family.

import { argumentVariables, xmlText } from './arguments.ts'
import { changingVariables } from './changing.ts'
import type { VariableDefinition } from './definition.ts'
import { layers } from './layers.ts'
import { placementVariables } from './placement.ts'
import { requestVariables } from './request.ts'
import { responseVariables } from './response.ts'
import type { State } from './state.ts'
import type { Value } from './value.ts'

const all = [
  ...requestVariables,
  ...argumentVariables,
  xmlText,
  layers,
  ...placementVariables,
  ...responseVariables,
  ...changingVariables,
]

export const variables: ReadonlyMap<string, VariableDefinition> = new Map(
  all.map(definition => [definition.name.toLowerCase(), definition]),
)

const unparsed = 'response bodies are not parsed; use RESPONSE_BODY'

/** Variables of ModSecurity and Coraza that are not done, with the reason. */
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
  ...[
    'all',
    'combined',
    'gc',
    'logging',
    'phase1',
    'phase2',
    'phase3',
    'phase4',
    'phase5',
    'rules',
    'sread',
    'swrite',
  ].map(what => [`perf_${what}`, 'times are metrics, and those of rules are in `merlon rules list --cost`'] as const),
  ['msc_pcre_error', 'matching takes linear time and cannot fail'],
  ['msc_pcre_limits_exceeded', 'matching takes linear time and has no limit to exceed'],
  ['args_path', 'parameters in paths are told by an OpenAPI contract'],
  ['json', 'JSON is inspected through ARGS:json.…'],
  ['modsec_build', 'this is not ModSecurity'],
  ['sdbm_delete_error', 'deleting from a collection cannot fail'],
  ['webserver_error_log', 'there is no web server whose log could be read'],
  ...['response_args', 'response_xml', 'res_body_error', 'res_body_error_msg', 'res_body_processor'].map(
    name => [name, unparsed] as const,
  ),
  ...['res_body_processor_error', 'res_body_processor_error_msg'].map(name => [name, unparsed] as const),
])

export const variableCount = all.length

const cacheIndex = new Map(all.map((definition, index) => [definition, index]))
const changedBy = [0, 1, 2, 3, 4].map(phase =>
  all.flatMap((definition, index) => (definition.fixedFrom >= phase && definition.fixedFrom > 0 ? [index] : [])),
)

/** Where the values of a variable are kept while they are fixed; -1 when they never are. */
export function cacheIndexOf(definition: VariableDefinition): number {
  return definition.fixedFrom === 0 ? -1 : (cacheIndex.get(definition) ?? -1)
}

/** Reads a variable, from memory when it is fixed for now. */
export function readVariableAt(state: State, definition: VariableDefinition, index: number): readonly Value[] {
  if (index < 0) return definition.read(state)
  const known = state.variableCache[index]
  if (known) return known
  const values = definition.read(state)
  state.variableCache[index] = values
  return values
}

export function readVariable(state: State, definition: VariableDefinition): readonly Value[] {
  return readVariableAt(state, definition, cacheIndexOf(definition))
}

/** Forgets what the data that a new phase brings may have changed. */
export function forgetVariables(state: State, phase: 1 | 2 | 3 | 4 | 5): void {
  if (phase === 5) return
  for (const index of changedBy[phase] ?? []) state.variableCache[index] = undefined
}
