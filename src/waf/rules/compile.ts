// From parsed rules to compiled ones: targets, operators and transformations resolved, defaults applied.

import { bytesToUtf8 } from '../../lib/bytes.ts'
import { nearest } from '../../lib/problem.ts'
import type { RuleDraft } from '../actions/draft.ts'
import { operators } from '../operators/index.ts'
import type { Operator } from '../operators/types.ts'
import type { OperatorNode } from '../seclang/ast.ts'
import type { ProblemList, RuleText } from '../seclang/source.ts'
import type { RuleInfo, WafPorts } from '../types.ts'
import type { TargetCompiler } from '../variables/compile-target.ts'
import { compileTemplate, type MacroProblem, type Template } from '../variables/macro.ts'
import type { TxNames } from '../variables/tx.ts'
import type { ParsedLink, ParsedRule } from './parse.ts'
import { Link, Rule } from './rule.ts'
import { CompiledArgument } from './scope.ts'
import type { TransformTree } from './transform-step.ts'

export interface CompileContext {
  readonly problems: ProblemList
  readonly names: TxNames
  readonly tree: TransformTree
  readonly targets: TargetCompiler
  readonly ports: WafPorts
}

/** undefined when the rule is wrong or asks for an operator that is not done; either is reported. */
export function compileRule(parsed: ParsedRule, index: number, context: CompileContext): Rule | undefined {
  const starter = parsed.links[0]
  if (!starter) return undefined
  const info = ruleInfo(parsed, starter)
  const links = parsed.links.map(link => compileLink(link, info, parsed.defaults, context))
  const compiled = links.filter(link => link !== undefined)
  if (compiled.length < links.length) return undefined
  const { draft } = starter
  const { defaults } = parsed
  const drafts = parsed.links.map(link => link.draft)
  const own = draft.disruption ?? 'pass'
  const blocked = defaults?.disruption ?? 'pass'
  return new Rule({
    index,
    info,
    links: compiled,
    log: drafts.find(each => each.log !== undefined)?.log ?? defaults?.log ?? true,
    audit: drafts.find(each => each.audit !== undefined)?.audit ?? defaults?.audit ?? true,
    message: drafts.find(each => each.message !== undefined)?.message,
    logData: drafts.find(each => each.logData !== undefined)?.logData,
    disruption: own === 'block' ? (blocked === 'block' ? 'pass' : blocked) : own,
    asksToDisrupt: ['deny', 'drop', 'redirect', 'block'].includes(own),
    allowScope: own === 'block' ? (defaults?.allowScope ?? 'everything') : draft.allowScope,
    status: drafts.find(each => each.status !== undefined)?.status ?? defaults?.status ?? 403,
    location: draft.location ?? (own === 'block' ? defaults?.location : undefined),
    afterMatch: [...drafts].reverse().flatMap(each => each.afterMatch),
    removes: drafts.flatMap(each => each.selections),
    skip: draft.skip,
  })
}

function ruleInfo(parsed: ParsedRule, starter: ParsedLink): RuleInfo {
  const { source, start } = starter.directive
  const end = parsed.links.at(-1)?.directive.end ?? starter.directive.end
  const { draft } = starter
  const at = source.position(start)
  const described = parsed.links.map(link => link.draft)
  const message = described.find(each => each.message !== undefined)?.message?.source ?? ''
  const tags = draft.tags.map(bytesToUtf8)
  return {
    id: draft.id ?? 0,
    phase: parsed.phase,
    file: source.file,
    ...at,
    message: bytesToUtf8(message),
    severity: described.find(each => each.severity !== undefined)?.severity,
    tags,
    paranoia: paranoiaOf(tags),
    revision: draft.revision,
    version: draft.version,
    maturity: draft.maturity,
    accuracy: draft.accuracy,
    text: bytesToUtf8(source.text.slice(start, end)),
  }
}

/** From the tag `paranoia-level/N` that CRS gives its rules; 1 for rules without one. */
function paranoiaOf(tags: readonly string[]): number {
  for (const tag of tags) {
    const level = /^paranoia-level\/(\d)$/.exec(tag)?.[1]
    if (level !== undefined) return Number(level)
  }
  return 1
}

function compileLink(
  link: ParsedLink,
  info: RuleInfo,
  defaults: RuleDraft | undefined,
  context: CompileContext,
): Link | undefined {
  const { draft, directive } = link
  const facts = { info, revision: draft.revision, version: draft.version }
  const names = draft.transformations.includes('none')
    ? draft.transformations
    : [...(defaults?.transformations ?? []), ...draft.transformations]
  const step = context.tree.chain(names)
  const check = {
    operator: operators.get(link.operator?.name.toLowerCase() ?? '')?.name ?? '',
    negated: link.operator?.negated ?? false,
    argument: link.operator?.argument ?? '',
    transformations: step?.path.map(each => each.transformation.name) ?? [],
  }
  const shared = {
    facts,
    step,
    check,
    multiMatch: draft.multiMatch,
    capture: draft.capture,
    onMatch: draft.onMatch,
  }
  if (!link.operator) {
    return new Link({
      ...shared,
      targets: undefined,
      operator: undefined,
      operatorName: '',
      argument: undefined,
      negated: false,
    })
  }
  const targets = context.targets.compile(link.variables, context.problems)
  const argument = compileArgument(link.operator, directive.source, context)
  const operator = argument && compileOperator(link.operator, argument, directive.source, context)
  if (!targets || !operator) return undefined
  return new Link({
    ...shared,
    targets,
    operator,
    operatorName: link.operator.name.toLowerCase(),
    argument,
    negated: link.operator.negated,
  })
}

function compileArgument(node: OperatorNode, source: RuleText, context: CompileContext): Template | undefined {
  const wrong: MacroProblem[] = []
  const template = compileTemplate(node.argument, context.names, wrong)
  for (const { message, offset } of wrong) {
    context.problems.add(source.problem(node.argumentAt + offset, 'bad-macro', message))
  }
  return wrong.length === 0 ? template : undefined
}

function compileOperator(
  node: OperatorNode,
  template: Template,
  source: RuleText,
  context: CompileContext,
): Operator | undefined {
  const { problems } = context
  const definition = operators.get(node.name.toLowerCase())
  if (!definition) {
    const near = nearest(node.name, operators.keys())
    const hint = near === undefined ? undefined : `did you mean @${operators.get(near)?.name}?`
    problems.add(source.problem(node.at, 'unknown-operator', `there is no operator @${node.name}`, hint))
    return undefined
  }
  const result = definition.compile(new CompiledArgument(template), {
    files: context.ports.files,
    ruleFile: source.file,
    geo: context.ports.geo,
    multiline: true,
  })
  if (result.ok) {
    if (result.warning !== undefined) {
      problems.add(source.warning(node.at, 'idle-operator', `@${definition.name}: ${result.warning}`))
    }
    return result.operator
  }
  if (result.unsupported) {
    problems.add(source.warning(node.at, 'unsupported-operator', `rule left out: ${result.message}`))
  } else {
    const at = result.offset === undefined ? node.at : node.argumentAt + Math.max(0, result.offset)
    problems.add(source.problem(at, 'bad-operator', `@${definition.name}: ${result.message}`))
  }
  return undefined
}
