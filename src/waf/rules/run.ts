// The loop: the rules of a phase in order, each rule's values, the chain, and what a full match does. This is the hot
// path; nothing is allocated here for a value that does not match.

import { type ByteString, bytesToUtf8 } from '../../lib/bytes.ts'
import { OperatorCall } from '../operators/types.ts'
import type { GeoRecord, Phase, RuleLedger, Severity } from '../types.ts'
import type { RemovedTarget, State } from '../variables/state.ts'
import { forgetVariables } from '../variables/table.ts'
import { excludes, type TargetList } from '../variables/target.ts'
import type { TxNames } from '../variables/tx.ts'
import { Value } from '../variables/value.ts'
import type { FilterGroup } from './filter/group.ts'
import { PhaseFilter } from './filter/phase.ts'
import { makeMatch, TargetRecorder } from './record.ts'
import type { Link, Rule } from './rule.ts'
import { StateScope } from './scope.ts'

const maxMatched = 10_000
const maxMatches = 10_000

const noFilter = new PhaseFilter([])

/** What the loop needs of a Program. */
export interface RunnableProgram {
  readonly phases: readonly (readonly Rule[])[]
  readonly names: TxNames
  readonly staleLists: readonly (readonly number[])[]
  readonly filters: readonly PhaseFilter[]
}

export interface RunOptions {
  readonly full: boolean
  readonly explain: boolean
  readonly ledger?: RuleLedger | undefined
}

export class Runner {
  readonly #state: State
  readonly #program: RunnableProgram
  readonly #call: OperatorCall
  readonly #recorder: TargetRecorder
  readonly #full: boolean
  readonly #ledger: RuleLedger | undefined

  constructor(state: State, program: RunnableProgram, options: RunOptions) {
    this.#state = state
    this.#program = program
    this.#call = new OperatorCall(new StateScope(state, program.names))
    this.#recorder = new TargetRecorder(options.explain)
    this.#full = options.full
    this.#ledger = options.ledger
  }

  runPhase(phase: Phase): void {
    const state = this.#state
    if (!this.#entersPhase(phase)) return
    state.phase = phase
    forgetVariables(state, phase)
    for (const index of this.#program.staleLists[phase] ?? []) state.targetCache[index] = undefined
    const rules = this.#program.phases[phase] ?? []
    const filter = this.#program.filters[phase] ?? noFilter
    this.#runRules(rules, filter, phase)
    for (let g = 0; g < filter.groups.length; g++) filter.groups[g]?.release()
  }

  #runRules(rules: readonly Rule[], { groups, groupOf, patternOf, unitsOf }: PhaseFilter, phase: Phase): void {
    const state = this.#state
    const ledger = this.#ledger
    let prepared = 0
    for (let i = 0; i < rules.length; ) {
      const at = i++
      const g = groupOf[at] as number
      if (g >= 0) {
        const group = groups[g] as FilterGroup
        if ((prepared & (1 << g)) === 0) {
          ledger?.begin()
          group.prepare(state, phase)
          ledger?.end(undefined, false)
          prepared |= 1 << g
        }
        if (group.hits.isNone(patternOf[at] as number, unitsOf[at] as number)) continue
      }
      const rule = rules[at] as Rule
      if (state.removedRules !== undefined && state.removedRules[rule.index] === 1) continue
      ledger?.begin()
      const matched = this.#matches(rule)
      if (matched) this.#complete(rule)
      ledger?.end(rule.info, matched)
      if (!matched) continue
      if (rule.skipTo >= 0) i = rule.skipTo
      if (this.#isDone(phase)) return
    }
  }

  #entersPhase(phase: Phase): boolean {
    const state = this.#state
    if (state.engine === 'off') return false
    if (phase === 5) return true
    if (state.interruption !== undefined && !this.#full) return false
    if (state.allowed === 'everything' || (state.allowed === 'request' && phase <= 2)) return false
    state.allowed = 'nothing'
    return true
  }

  /** After a match: whether the rest of the phase is not to run. */
  #isDone(phase: Phase): boolean {
    const state = this.#state
    if (state.engine === 'off') return true
    if (phase === 5) return false
    return state.allowed !== 'nothing' || (state.interruption !== undefined && !this.#full)
  }

  /** Runs one rule by itself; whether it matched. For rules whose outcome is worked out at load time. */
  runRule(rule: Rule): boolean {
    if (!this.#matches(rule)) return false
    this.#complete(rule)
    return true
  }

  /** Whether the first link matches, without any effect. */
  wouldMatch(link: Link): boolean {
    if (link.targets === undefined) return true
    return link.targets.values(this.#state).some(value => {
      this.#call.reset(false)
      return (
        link.operator?.test(link.step === undefined ? value.value : link.step.of(value), this.#call) !== link.negated
      )
    })
  }

  #matches(rule: Rule): boolean {
    const state = this.#state
    state.matchedCount = 0
    state.points = 0
    this.#recorder.reset()
    const { links } = rule
    for (let i = 0; i < links.length; i++) {
      if (!this.#linkMatches(links[i] as Link, rule, i === 0)) return false
    }
    return true
  }

  #linkMatches(link: Link, rule: Rule, isFirst: boolean): boolean {
    const state = this.#state
    state.rule = link.facts
    if (link.targets === undefined) {
      for (const effect of link.onMatch) effect.run(state)
      return true
    }
    if (isFirst && rule.filter !== undefined) return this.#filteredMatches(link, link.targets, rule, rule.filter)
    const values = link.targets.values(state)
    const removed = isFirst ? state.removedTargets : undefined
    let matched = false
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as Value
      if ((value.placement & rule.passesOver) !== 0) continue
      if (removed !== undefined && isRemoved(value, rule.index, removed)) continue
      if (this.#valueMatches(link, value, rule.log)) matched = true
    }
    return matched
  }

  /** Goes through those values alone that may match, target by target. */
  #filteredMatches(link: Link, list: TargetList, rule: Rule, { hits }: FilterGroup): boolean {
    const { pattern, unitOfTarget } = rule
    const removed = this.#state.removedTargets
    let matched = false
    for (let t = 0; t < unitOfTarget.length; t++) {
      for (let hit = hits.firstOf(pattern, unitOfTarget[t] as number); hit !== 0; hit = hits.after(hit)) {
        const value = hits.valueAt(hit)
        if ((value.placement & rule.passesOver) !== 0) continue
        if (list.excludes(value)) continue
        if (removed !== undefined && isRemoved(value, rule.index, removed)) continue
        if (this.#valueMatches(link, value, rule.log)) matched = true
      }
    }
    return matched
  }

  #valueMatches(link: Link, value: Value, log: boolean): boolean {
    if (link.multiMatch) return this.#testEach(link, value, log)
    return this.#test(link, value, link.step === undefined ? value.value : link.step.of(value), log)
  }

  /** multiMatch: the value itself and the result of every transformation that changed it. */
  #testEach(link: Link, value: Value, log: boolean): boolean {
    let last = value.value
    let matched = this.#test(link, value, last, log)
    for (const step of link.step?.path ?? []) {
      const text = step.of(value)
      if (text === last) continue
      last = text
      if (this.#test(link, value, text, log)) matched = true
    }
    return matched
  }

  #test(link: Link, value: Value, text: ByteString, log: boolean): boolean {
    const call = this.#call
    call.reset(!link.negated && (log || link.capture))
    if (link.operator?.test(text, call) === link.negated) return false
    this.#onMatch(link, value, text, log)
    return true
  }

  #onMatch(link: Link, value: Value, text: ByteString, log: boolean): void {
    const state = this.#state
    const call = this.#call
    if (call.geo !== undefined) state.geo = geoValues(call.geo)
    if (link.capture && !link.negated && call.captures.length > 0) state.tx.setCaptures(call.captures)
    if (state.matchedCount < maxMatched) {
      state.matchedValues[state.matchedCount] = value
      state.matchedTexts[state.matchedCount++] = text
    }
    if (log) this.#recorder.add(state, value, text, call.spanStart, call.spanEnd, link)
    for (let i = 0; i < link.onMatch.length; i++) link.onMatch[i]?.run(state)
  }

  #complete(rule: Rule): void {
    const state = this.#state
    state.rule = rule.links[0]?.facts
    for (let i = 0; i < rule.afterMatch.length; i++) rule.afterMatch[i]?.run(state)
    const severity = rule.info.severity
    if (severity !== undefined) raiseSeverity(state, severity)
    if (rule.log && state.matches.length < maxMatches)
      state.matches.push(makeMatch(state, rule, this.#recorder.targets))
    if (rule.disruption !== 'pass') this.#disrupt(rule, rule.disruption)
  }

  #disrupt(rule: Rule, action: 'allow' | 'deny' | 'drop' | 'redirect'): void {
    const state = this.#state
    // allow counts in detection-only too: what is reported there is what would have been blocked.
    if (action === 'allow') {
      state.allowed = rule.allowScope
      return
    }
    if (state.engine !== 'on' || state.interruption !== undefined) return
    const location = action === 'redirect' ? rule.location?.render(state) : undefined
    state.interruption = {
      action,
      status: action === 'redirect' && (rule.status < 300 || rule.status > 399) ? 302 : rule.status,
      ...(location === undefined ? {} : { location }),
      rule: rule.info,
      phase: rule.phase,
      message: bytesToUtf8(rule.message?.render(state) ?? ''),
    }
  }
}

function isRemoved(value: Value, index: number, removed: readonly RemovedTarget[]): boolean {
  for (const { rules, exclusion } of removed) if (rules[index] === 1 && excludes(exclusion, value)) return true
  return false
}

const severityOrder: readonly Severity[] = [
  'EMERGENCY',
  'ALERT',
  'CRITICAL',
  'ERROR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG',
]

function raiseSeverity(state: State, severity: Severity): void {
  const known = state.highestSeverity
  if (known === undefined || severityOrder.indexOf(severity) < severityOrder.indexOf(known)) {
    state.highestSeverity = severity
  }
}

function geoValues(record: GeoRecord): readonly Value[] {
  const members: readonly (readonly [string, string | number | undefined])[] = [
    ['COUNTRY_CODE', record.countryCode],
    ['COUNTRY_NAME', record.countryName],
    ['COUNTRY_CONTINENT', record.continent],
    ['REGION', record.region],
    ['CITY', record.city],
    ['POSTAL_CODE', record.postalCode],
    ['LATITUDE', record.latitude],
    ['LONGITUDE', record.longitude],
  ]
  return members.flatMap(([name, value]) => (value === undefined ? [] : [new Value('GEO', name, String(value))]))
}
