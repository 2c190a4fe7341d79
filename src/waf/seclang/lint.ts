// Looks for what loads but cannot be meant: rules that nothing reaches, exclusions that come too late, variables that are
// still empty in a rule's phase. `merlon rules lint` prints this; loading does not need it.

import type { Problem } from '../../lib/problem.ts'
import type { ParsedRule } from '../rules/parse.ts'
import { type BuiltProgram, buildProgram } from '../rules/program.ts'
import type { Rule } from '../rules/rule.ts'
import type { WafOptions } from '../types.ts'
import { ProblemList } from './source.ts'

/** Everything that loading would say, and the lint's own warnings, in the order of the text. */
export function lintRules(options: WafOptions): readonly Problem[] {
  const problems = new ProblemList()
  const built = buildProgram(options, problems)
  for (const [source, rule] of built.compiled) {
    lintPhase(source, rule, problems)
    lintTargets(source, rule, problems)
    lintSelections(source, rule, built, problems)
  }
  lintBlocks(built, problems)
  lintReach(built, problems)
  lintMarkers(built, problems)
  return problems.list()
}

function warn(source: ParsedRule, code: string, message: string, problems: ProblemList, hint?: string): void {
  const directive = source.links[0]?.directive
  if (directive) problems.add(directive.source.warning(directive.start, code, message, hint))
}

function lintPhase(source: ParsedRule, rule: Rule, problems: ProblemList): void {
  if (source.links[0]?.draft.phase === undefined) {
    warn(source, 'no-phase', `rule ${rule.info.id} names no phase and runs in phase ${rule.phase}`, problems)
  }
}

/** A rule of phase 1 that reads a body sees nothing, and says so to nobody. */
function lintTargets(source: ParsedRule, rule: Rule, problems: ProblemList): void {
  for (const [i, link] of rule.links.entries()) {
    if (!link.targets) continue
    const directive = source.links[i]?.directive
    const complain = (code: string, message: string) => {
      if (directive) problems.add(directive.source.warning(directive.start, code, message))
    }
    if (link.targets.targets.length === 0) complain('no-targets', `rule ${rule.info.id} looks at nothing`)
    for (const { definition } of link.targets.targets) {
      // ARGS has the arguments of the query in phase 1 already.
      const needed = /^ARGS(_NAMES|_COMBINED_SIZE)?$|^URLENCODED_ERROR$/.test(definition.name)
        ? 1
        : definition.fixedFrom
      if (needed > rule.phase) {
        complain('too-early', `${definition.name} is empty in phase ${rule.phase}: it is known from phase ${needed} on`)
      }
    }
    if (link.operatorName === 'nomatch' && !link.negated) {
      complain('never-matches', `rule ${rule.info.id} can never match: its operator is @noMatch`)
    }
  }
}

/** Once a phase: CRS itself leaves the response phases without a default. */
function lintBlocks(built: BuiltProgram, problems: ProblemList): void {
  const seen = new Set<number>()
  for (const [source, rule] of built.compiled) {
    if (source.links[0]?.draft.disruption !== 'block' || source.defaults || seen.has(rule.phase)) continue
    seen.add(rule.phase)
    const hint = `SecDefaultAction "phase:${rule.phase},log,deny"`
    const message = `block means pass in phase ${rule.phase}: there is no SecDefaultAction for it above`
    warn(source, 'block-passes', message, problems, hint)
  }
}

/** A ctl that removes rules which have already run when it is reached. */
function lintSelections(source: ParsedRule, rule: Rule, built: BuiltProgram, problems: ProblemList): void {
  for (const selection of source.links.flatMap(link => link.draft.selections)) {
    const chosen = selection.indexes.map(index => built.program.rules[index]).filter(each => each !== undefined)
    if (chosen.length === 0) continue
    if (chosen.some(each => each.phase > rule.phase || (each.phase === rule.phase && each.index > rule.index))) continue
    warn(source, 'too-late', `rule ${rule.info.id} removes ${selection.text}, which has run before it`, problems)
  }
}

/** Follows each phase from the top; only what no path reaches is reported. */
function lintReach(built: BuiltProgram, problems: ProblemList): void {
  const sources = new Map(Array.from(built.compiled, ([source, rule]) => [rule, source]))
  for (const rules of built.program.phases) {
    const reached = new Set<number>()
    const open = rules.length > 0 ? [0] : []
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const rule = rules[at]
      if (!rule || reached.has(at)) continue
      reached.add(at)
      const always = alwaysMatches(rule)
      if (!always) open.push(at + 1)
      if (always && rule.disruption !== 'pass' && built.program.settings.engine === 'on') continue
      open.push(rule.skipTo >= 0 ? rule.skipTo : at + 1)
    }
    for (const [at, rule] of rules.entries()) {
      const source = sources.get(rule)
      if (reached.has(at) || !source) continue
      warn(
        source,
        'unreachable',
        `nothing reaches rule ${rule.info.id}: rules above always skip or end the phase`,
        problems,
      )
    }
  }
}

function alwaysMatches(rule: Rule): boolean {
  return rule.links.every(link => link.targets === undefined)
}

function lintMarkers(built: BuiltProgram, problems: ProblemList): void {
  const { rules, markers } = built.parsed
  const jumps = rules.flatMap((rule, position) => {
    const name = rule.links[0]?.draft.skipAfter
    return name === undefined ? [] : [{ name, position }]
  })
  const seen = new Set<string>()
  for (const { name, position, directive } of markers) {
    const { source, start } = directive
    if (seen.has(name)) {
      problems.add(source.warning(start, 'repeated-marker', `SecMarker ${name} stands above already`))
    }
    seen.add(name)
    if (!jumps.some(jump => jump.name === name && jump.position < position)) {
      problems.add(source.warning(start, 'unused-marker', `no skipAfter above goes to SecMarker ${name}`))
    }
  }
}
