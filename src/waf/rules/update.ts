// SecRuleRemove…, SecRuleUpdateTarget…, SecRuleUpdateActionById: changes to rules that other files brought. As in
// ModSecurity 3 they count for the whole rule set, wherever they stand.

import { type RuleSelection, type Selectable, selectById, selectByMessage, selectByTag } from '../actions/selection.ts'
import type { DirectiveKind } from '../seclang/directives.ts'
import { offsetInText, type RawDirective, type Word } from '../seclang/lexer.ts'
import { parseActions, parseVariables } from '../seclang/parse-rule.ts'
import { nodeText } from '../variables/compile-target.ts'
import { applyActions, type ParseContext, type ParsedRule } from './parse.ts'

export type UpdateKind = Exclude<DirectiveKind, 'rule' | 'action' | 'marker' | 'default-action'>

export interface Update {
  readonly directive: RawDirective
  readonly kind: UpdateKind
}

/** Applies all updates; returns the rules that are left. */
export function applyUpdates(
  rules: readonly ParsedRule[],
  updates: readonly Update[],
  context: ParseContext,
): readonly ParsedRule[] {
  const removed = new Set<ParsedRule>()
  for (const { directive, kind } of updates) {
    const { source, start, words, name } = directive
    const complain = (message: string, at = start) => context.problems.add(source.problem(at, 'bad-arguments', message))
    if (kind === 'update-action-by-id') {
      updateActions(rules, directive, context, complain)
      continue
    }
    const isRemoval = kind.startsWith('remove')
    const word = words[0]
    if (!word || (!isRemoval && (words.length < 2 || words.length > 3))) {
      complain(isRemoval ? `${name} takes what to remove` : `${name} takes rules and targets`)
      continue
    }
    const selection = select(kind, isRemoval ? words.map(each => each.text).join(' ') : word.text)
    if (!selection) {
      complain(`${name} takes ids and ranges such as 920100-920199`, offsetInText(word, 0))
      continue
    }
    const chosen = rules.filter(rule => selection.matches(selectable(rule)))
    if (chosen.length === 0) {
      context.problems.add(source.warning(start, 'nothing-selected', `no rule has ${selection.text}`))
    }
    for (const rule of chosen) {
      if (isRemoval) removed.add(rule)
      else updateTargets(rule, words, directive, context)
    }
  }
  return rules.filter(rule => !removed.has(rule))
}

export function selectable(rule: ParsedRule): Selectable {
  const draft = rule.links[0]?.draft
  return { id: draft?.id ?? 0, tags: draft?.tags ?? [], message: draft?.message?.source ?? '' }
}

function select(kind: UpdateKind, text: string): RuleSelection | undefined {
  if (kind.endsWith('by-tag')) return selectByTag(text)
  return kind.endsWith('by-msg') ? selectByMessage(text) : selectById(text)
}

/** A third word names targets that the second replaces. */
function updateTargets(rule: ParsedRule, words: readonly Word[], directive: RawDirective, context: ParseContext): void {
  const link = rule.links[0]
  const [, added, replaced] = words
  if (!link || !added) return
  const { source } = directive
  if (replaced) {
    const gone = new Set(parseVariables(source, replaced, context.problems).map(node => nodeText(node).toUpperCase()))
    link.variables = link.variables.filter(({ node }) => !gone.has(nodeText(node).toUpperCase()))
  }
  link.variables = [
    ...link.variables,
    ...parseVariables(source, added, context.problems).map(node => ({ source, node })),
  ]
}

/** `SecRuleUpdateActionById ID[:LINK] "actions"`; the id itself and `chain` stay as they are. */
function updateActions(
  rules: readonly ParsedRule[],
  directive: RawDirective,
  context: ParseContext,
  complain: (message: string, at?: number) => void,
): void {
  const { source, words, start, name } = directive
  const [first, second] = words
  const target = first ? /^(\d{1,10})(?::(\d{1,3}))?$/.exec(first.text) : undefined
  if (!target || !second || words.length > 2) return complain(`${name} takes an id and actions`)
  const rule = rules.find(each => each.links[0]?.draft.id === Number(target[1]))
  const position = Number(target[2] ?? '0')
  const link = rule?.links[position]
  if (!rule || !link) {
    context.problems.add(source.warning(start, 'nothing-selected', `no rule has id ${first?.text}`))
    return
  }
  const nodes = parseActions(source, second, context.problems)
  const fixed = nodes.find(node => ['id', 'phase', 'chain'].includes(node.name.toLowerCase()))
  if (fixed) return complain(`${fixed.name} of a rule cannot be changed`, fixed.at)
  if (nodes.some(node => node.name.toLowerCase() === 't')) link.draft.transformations.length = 0
  applyActions(link.draft, nodes, source, position === 0, context)
}
