// From directives to drafts: every rule read, chains joined, defaults taken from the SecDefaultAction above. What a rule
// names (variables, operators) is still text; compile.ts resolves it once updates and removals are known.

import type { ByteString } from '../../lib/bytes.ts'
import { nearest } from '../../lib/problem.ts'
import { type ActionContext, emptyDraft, type RuleDraft } from '../actions/draft.ts'
import type { RuleSelection } from '../actions/selection.ts'
import { actions, refusedActions } from '../actions/table.ts'
import type { ActionNode, OperatorNode } from '../seclang/ast.ts'
import { offsetInText, type RawDirective } from '../seclang/lexer.ts'
import { parseActions, parseOperator, parseVariable, parseVariables } from '../seclang/parse-rule.ts'
import type { ProblemList, RuleText } from '../seclang/source.ts'
import type { Phase } from '../types.ts'
import { type PlacedVariable, resolveVariable } from '../variables/compile-target.ts'
import { compileTemplate, type MacroProblem } from '../variables/macro.ts'
import type { TxNames } from '../variables/tx.ts'
import type { TransformTree } from './transform-step.ts'

export interface ParsedLink {
  readonly directive: RawDirective
  variables: PlacedVariable[]
  readonly operator: OperatorNode | undefined
  readonly draft: RuleDraft
}

export interface ParsedRule {
  readonly links: ParsedLink[]
  readonly defaults: RuleDraft | undefined
  readonly phase: Phase
}

export interface ParseContext {
  readonly problems: ProblemList
  readonly names: TxNames
  readonly tree: TransformTree
  readonly selections: RuleSelection[]
}

/** Reads a SecRule or SecAction. `open` is the rule whose chain goes on here. */
export function parseLink(directive: RawDirective, isStarter: boolean, context: ParseContext): ParsedLink | undefined {
  const { source, words, start, name } = directive
  const isAction = name.toLowerCase() === 'secaction'
  const [first, second, third] = words
  if (isAction ? words.length !== 1 : words.length < 2 || words.length > 3) {
    const usage = isAction ? 'SecAction takes one list of actions' : 'SecRule takes variables, an operator and actions'
    const at = words[isAction ? 1 : 3]
    context.problems.add(source.problem(at ? offsetInText(at, 0) : start, 'bad-arguments', usage))
    return undefined
  }
  const draft = emptyDraft()
  const actionWord = isAction ? first : third
  if (actionWord) {
    applyActions(draft, parseActions(source, actionWord, context.problems), source, isStarter, context)
  }
  if (isAction || !first || !second) return { directive, variables: [], operator: undefined, draft }
  const variables = parseVariables(source, first, context.problems).map(node => ({ source, node }))
  return { directive, variables, operator: parseOperator(second), draft }
}

export function applyActions(
  draft: RuleDraft,
  nodes: readonly ActionNode[],
  source: RuleText,
  isStarter: boolean,
  context: ParseContext,
): void {
  for (const node of nodes) {
    const complain = (code: string, message: string, hint?: string, at = node.at) =>
      context.problems.add(source.problem(at, code, message, hint))
    const definition = actions.get(node.name.toLowerCase())
    if (!definition) {
      complainUnknownAction(node.name, complain)
      continue
    }
    const value = node.value ?? ''
    if (definition.value === 'required' && value === '') complain('missing-value', `${definition.name} takes a value`)
    else if (definition.value === 'none' && value !== '') complain('bad-value', `${definition.name} takes no value`)
    else if (definition.starterOnly && !isStarter) {
      complain('chained-action', `only the first rule of a chain may have ${definition.name}`)
    } else {
      const message = definition.apply(draft, value, actionContext(draft, node, source, context))
      if (message !== undefined) complain('bad-value', `${definition.name} ${message}`, undefined, node.valueAt)
    }
  }
}

function complainUnknownAction(name: ByteString, complain: (code: string, message: string, hint?: string) => void) {
  const reason = refusedActions.get(name.toLowerCase())
  if (reason !== undefined) complain('unsupported-action', `${name} is not supported: ${reason}`)
  else {
    const near = nearest(name, actions.keys())
    const hint = near === undefined ? undefined : `did you mean ${actions.get(near)?.name}?`
    complain('unknown-action', `there is no action ${name}`, hint)
  }
}

function actionContext(draft: RuleDraft, node: ActionNode, source: RuleText, context: ParseContext): ActionContext {
  const { problems, names, tree, selections } = context
  return {
    names,
    at: node.valueAt,
    template(text, offset) {
      const wrong: MacroProblem[] = []
      const template = compileTemplate(text, names, wrong)
      for (const { message, offset: within } of wrong) {
        problems.add(source.problem(node.valueAt + offset + within, 'bad-macro', message))
      }
      return template
    },
    variable(text, offset) {
      const variable = parseVariable(text, within => node.valueAt + offset + within)
      return resolveVariable(source, variable, problems)
    },
    select(selection) {
      selections.push(selection)
      draft.selections.push(selection)
      return selection
    },
    hasTransformation(name) {
      if (tree.has(name)) return true
      const near = nearest(name, tree.names)
      const hint = near === undefined ? undefined : `did you mean ${near}?`
      problems.add(source.problem(node.valueAt, 'unknown-transformation', `there is no transformation ${name}`, hint))
      return false
    },
  }
}
