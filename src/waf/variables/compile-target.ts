// From the variables of a rule as written to its TargetList. Says what is wrong with each.

import { nearest } from '../../lib/problem.ts'
import { compileRegex } from '../regex/index.ts'
import type { VariableNode } from '../seclang/ast.ts'
import type { ProblemList, RuleText } from '../seclang/source.ts'
import { xmlAttributes, xmlText } from './arguments.ts'
import type { VariableDefinition } from './definition.ts'
import { cacheIndexOf, refusedVariables, variables } from './table.ts'
import { type Exclusion, keySelector, regexSelector, type Selector, type Target, TargetList } from './target.ts'
import type { TxNames } from './tx.ts'

/** A variable with the text it stands in: updates bring variables from other files. */
export interface PlacedVariable {
  readonly source: RuleText
  readonly node: VariableNode
}

/** Makes TargetLists; equal ones are made once. One for a rule set. */
export class TargetCompiler {
  readonly #lists = new Map<string, TargetList>()
  readonly #names: TxNames

  constructor(names: TxNames) {
    this.#names = names
  }

  get lists(): readonly TargetList[] {
    return [...this.#lists.values()]
  }

  compile(variables: readonly PlacedVariable[], problems: ProblemList): TargetList | undefined {
    const targets: Target[] = []
    const exclusions: Exclusion[] = []
    let wrong = false
    for (const { source, node } of variables) {
      const member = resolveVariable(source, node, problems)
      if (!member) {
        wrong = true
        continue
      }
      const { definition, selector } = member
      if (node.exclude) {
        exclusions.push({ definition, selector })
        continue
      }
      const isTx = definition.name === 'TX'
      const slot = isTx && selector?.key !== undefined ? this.#names.slot(selector.key) : -1
      const label = nodeText({ ...node, name: definition.name })
      targets.push({ definition, selector, count: node.count, label, isTx, slot, cacheIndex: cacheIndexOf(definition) })
    }
    if (wrong) return undefined
    const kept = targets.filter(target => !exclusions.some(exclusion => removesWhole(exclusion, target)))
    const key = variables.map(({ node }) => nodeText({ ...node, name: node.name.toUpperCase() })).join('|')
    let list = this.#lists.get(key)
    if (!list) {
      list = new TargetList(kept, exclusions, this.#lists.size)
      this.#lists.set(key, list)
    }
    return list
  }
}

/** `!ARGS:foo` beside `ARGS:foo`, or `!ARGS` beside any ARGS, takes the target away altogether. */
function removesWhole(exclusion: Exclusion, target: Target): boolean {
  if (exclusion.definition !== target.definition) return false
  if (exclusion.selector === undefined) return true
  const { selector } = target
  return selector?.key !== undefined && selector.key.toLowerCase() === exclusion.selector.key?.toLowerCase()
}

export function nodeText(node: Pick<VariableNode, 'name' | 'count' | 'exclude' | 'selector'>): string {
  const { selector } = node
  const member = selector === undefined ? '' : selector.kind === 'regex' ? `:/${selector.text}/` : `:${selector.text}`
  return `${node.exclude ? '!' : ''}${node.count ? '&' : ''}${node.name}${member}`
}

export interface ResolvedVariable {
  readonly definition: VariableDefinition
  readonly selector: Selector | undefined
}

export function resolveVariable(
  source: RuleText,
  node: VariableNode,
  problems: ProblemList,
): ResolvedVariable | undefined {
  const complain = (code: string, message: string, hint?: string, at = node.at) => {
    problems.add(source.problem(at, code, message, hint))
    return undefined
  }
  const lower = node.name.toLowerCase()
  if (lower === 'xml' || lower === 'request_xml') return resolveXml(node, complain)
  const definition = variables.get(lower)
  if (!definition) {
    const reason = refusedVariables.get(lower)
    if (reason !== undefined) return complain('unsupported-variable', `${node.name} is not supported: ${reason}`)
    const near = nearest(node.name, variables.keys())
    const hint = near === undefined ? undefined : `did you mean ${near.toUpperCase()}?`
    return complain('unknown-variable', `there is no variable ${node.name}`, hint)
  }
  const { selector } = node
  if (!selector) return { definition, selector: undefined }
  if (!definition.isCollection) return complain('not-a-collection', `${definition.name} has no members`)
  if (selector.kind === 'key') {
    if (selector.text === '') return complain('empty-selector', `a member of ${definition.name} is missing after :`)
    return { definition, selector: keySelector(selector.text) }
  }
  const compiled = compileRegex(selector.text, { caseInsensitive: true, dotAll: true })
  if (compiled.ok) return { definition, selector: regexSelector(compiled.regex) }
  return complain('bad-regex', compiled.message, undefined, selector.at + compiled.offset)
}

type Complain = (code: string, message: string, hint?: string) => undefined

/** The two XPaths that rule sets use; an XPath engine on attacker documents is not worth its risk. */
function resolveXml(node: VariableNode, complain: Complain): ResolvedVariable | undefined {
  const path = node.selector?.text
  if (path === '/*' || path === '//@*') {
    return { definition: path === '/*' ? xmlText : xmlAttributes, selector: keySelector(path) }
  }
  return complain('bad-xpath', 'XML takes the XPaths /* (all text) and //@* (all attribute values)', 'XML:/*|XML://@*')
}
