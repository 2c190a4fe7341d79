// Values whose place tells what they may be: which rules pass over them, and the variables that have them. Merlon's own.

import { collection, type VariableDefinition } from './definition.ts'
import { readingsOf } from './layers.ts'
import type { State } from './state.ts'
import { noValues, placementBits, Value } from './value.ts'

const { settled, broken, richText } = placementBits

/** Tags of rules about what people write of, in articles and documentation; in their place stand rules on RICH_TEXT. */
export const writtenAbout: readonly string[] = [
  'attack-rce',
  'attack-injection-php',
  'attack-injection-java',
  'attack-ssti',
  'attack-lfi',
  'attack-ssrf',
  'attack-rfi',
  'attack-xpath',
  'attack-ldap',
  'attack-nosqli',
  'attack-xxe',
  'attack-crlf',
  'attack-sqli',
  'attack-xss',
  'classifier',
]

const writtenAboutTags = new Set(writtenAbout)

/** Bits of the values that a rule passes over, by its tags. */
export function passedOver(tags: readonly string[]): number {
  let mask = 0
  for (const tag of tags) {
    if (tag === 'classifier' || tag.startsWith('attack-')) mask |= settled
    if (writtenAboutTags.has(tag)) mask |= richText
  }
  return mask
}

export const placementVariables: readonly VariableDefinition[] = [
  collection(
    'BROKEN_FORMS',
    2,
    "Values that leave the form which the contract gives their field, by the name of the value; Merlon's own.",
    brokenForms,
  ),
  collection(
    'RICH_TEXT',
    2,
    "Values of fields of rich text, by contract or learned, and their readings; Merlon's own.",
    richTexts,
  ),
]

function brokenForms(state: State): readonly Value[] {
  const { placements } = state
  if (placements === undefined) return noValues
  const found = placed(state, broken).map(({ name, value }) => new Value('BROKEN_FORMS', name, value))
  for (const { name, value } of placements.brokenInPath) found.push(new Value('BROKEN_FORMS', `PATH:${name}`, value))
  return found
}

function richTexts(state: State): readonly Value[] {
  if (state.placements === undefined) return noValues
  const values = placed(state, richText)
  if (values.length === 0) return noValues
  return [...values, ...readingsOf(values)].map(
    value => new Value('RICH_TEXT', value.variable === 'LAYERS' ? value.key : value.name, value.value),
  )
}

function placed(state: State, bit: number): Value[] {
  const all = [state.arguments, state.requestHeaders, state.cookies]
  return all.flatMap(values => values.filter(value => value.placement === bit))
}
