// Works out at load time what no request can change. A rule set begins by filling TX with settings and then asks again
// and again for one of them (`TX:DETECTION_PARANOIA_LEVEL "@lt 2"`, skipAfter). Where everything that a rule looks at is
// known, the rule is run here: what it sets becomes part of the TX that transactions start with, a jump takes out the
// rules jumped over, and the rule itself is gone. What the rules that are left compare with is filled in for good where
// only such settings stand in it (`@within %{tx.allowed_methods}`).
//
// Rules are followed in the order in which they run. A slot of TX is known until a rule that cannot be run here may write
// it. Such a rule may also have read a slot too early, jumped over a rule, or removed it with ctl; then that rule stays.
// One thing does change: after a deny or a plain allow, TX holds settings that the rules after it would have made.

import type { ByteString } from '../../lib/bytes.ts'
import type { Effect } from '../actions/draft.ts'
import { type SharedState, State } from '../variables/state.ts'
import type { Target } from '../variables/target.ts'
import { captureCount } from '../variables/tx.ts'
import type { Link, Rule } from './rule.ts'
import { type RunnableProgram, Runner } from './run.ts'

export interface Folded {
  readonly phases: readonly (readonly Rule[])[]
  readonly initialTx: readonly (ByteString | undefined)[]
}

export function foldConstants(program: RunnableProgram & SharedState): Folded {
  const folder = new Folder(program)
  const phases = program.phases.map(rules => folder.phase(rules))
  folder.fixArguments(phases.flat())
  return { phases, initialTx: folder.initialTx }
}

const noPorts = {
  files: { read: () => new Uint8Array(), glob: () => [], resolve: (_from: string, path: string) => path },
  now: () => 0,
}

class Folder {
  readonly #state: State
  readonly #runner: Runner
  readonly #names: readonly ByteString[]
  /** By slot: 0 when a rule that stays may have written it, or read it already. */
  readonly #known: Uint8Array
  readonly #unread: Uint8Array
  /** For each ctl of a rule that stays: the rules that it may remove. */
  readonly #removals: ReadonlySet<number>[] = []
  #isConditional = false

  constructor(program: RunnableProgram & SharedState) {
    this.#state = new State(noPorts, '', program)
    this.#runner = new Runner(this.#state, program, { full: false, explain: false })
    this.#names = program.names.names.map(name => name.toLowerCase())
    this.#known = new Uint8Array(this.#names.length).fill(1)
    this.#unread = new Uint8Array(this.#names.length).fill(1)
  }

  get initialTx(): readonly (ByteString | undefined)[] {
    return this.#state.tx.slots.slice()
  }

  /** What an operator compares with is fixed where it is made of nothing but TX that no rule which is left writes. */
  fixArguments(left: readonly Rule[]): void {
    for (const { argument } of left.flatMap(rule => rule.links)) {
      if (argument?.isTxOnly && this.#areKnown(argument.txSlots)) argument.fix(this.#state)
    }
  }

  phase(rules: readonly Rule[]): readonly Rule[] {
    const kept: Rule[] = []
    /** Where each rule of the old list, or the next one that stays, is in the new. */
    const places: number[] = []
    let conditionalUntil = this.#isConditional ? rules.length : 0
    let deadUntil = 0
    for (const [i, rule] of rules.entries()) {
      places.push(kept.length)
      if (i < deadUntil) continue
      const outcome = this.#fold(rule, rules, i, i < conditionalUntil, kept)
      if (outcome === 'matched') deadUntil = Math.max(deadUntil, rule.skipTo)
      if (outcome !== 'stays') continue
      kept.push(rule)
      this.#stays(rule)
      if (rule.skipTo >= 0) conditionalUntil = Math.max(conditionalUntil, rule.skipTo)
      if (rule.disruption === 'allow' && rule.allowScope !== 'everything') {
        conditionalUntil = rules.length
        if (rule.allowScope === 'request') this.#isConditional = true
      }
    }
    places.push(kept.length)
    for (const rule of kept) if (rule.skipTo >= 0) rule.skipTo = places[rule.skipTo] ?? kept.length
    return kept
  }

  #fold(
    rule: Rule,
    rules: readonly Rule[],
    position: number,
    isConditional: boolean,
    kept: readonly Rule[],
  ): 'matched' | 'never' | 'stays' {
    const first = rule.links[0]
    if (!first || !this.#isKnown(first)) return 'stays'
    if (!this.#runner.wouldMatch(first)) return 'never'
    if (!this.#canRun(rule) || this.#mayBeRemoved(rule, rules, position)) return 'stays'
    if (isConditional && !isPureJump(rule, position, kept)) return 'stays'
    return this.#runner.runRule(rule) ? 'matched' : 'never'
  }

  /** Whether everything that decides a link's match is known. */
  #isKnown(link: Link): boolean {
    if (link.capture || link.multiMatch) return false
    if (link.argument && !(link.argument.isTxOnly && this.#areKnown(link.argument.txSlots))) return false
    const { targets } = link
    if (targets === undefined) return true
    return (
      targets.exclusions.length === 0 &&
      targets.targets.every(target => target.slot >= 0 && this.#known[target.slot] === 1)
    )
  }

  #areKnown(slots: readonly number[]): boolean {
    return slots.every(slot => this.#known[slot] === 1)
  }

  /** Whether the rule does nothing but set slots of TX that nobody has touched, to values that are known. */
  #canRun(rule: Rule): boolean {
    if (rule.log || rule.disruption !== 'pass' || rule.afterMatch.length > 0 || rule.info.severity) return false
    return rule.links.every(link => this.#isKnown(link) && link.onMatch.every(effect => this.#isConstant(effect)))
  }

  #isConstant({ tx }: Effect): boolean {
    if (!tx?.isConstant || typeof tx.writes !== 'number') return false
    return this.#areKnown(tx.reads) && this.#known[tx.writes] === 1 && this.#unread[tx.writes] === 1
  }

  /** A ctl may take the rule out, but not all that it jumps over. */
  #mayBeRemoved(rule: Rule, rules: readonly Rule[], position: number): boolean {
    const jumped = rules.slice(position + 1, Math.max(position + 1, rule.skipTo))
    const sets = rule.links.some(link => link.onMatch.length > 0)
    return this.#removals.some(
      removal => removal.has(rule.index) && (sets || jumped.some(each => !removal.has(each.index))),
    )
  }

  /** Takes note of all that a rule may do whose outcome is open. */
  #stays(rule: Rule): void {
    for (const selection of rule.removes) this.#removals.push(new Set(selection.indexes))
    for (const link of rule.links) {
      for (const target of link.targets?.targets ?? []) this.#readTarget(target)
      this.#read(link.argument?.txSlots ?? [])
      if (link.capture) for (let slot = 0; slot < captureCount; slot++) this.#known[slot] = 0
    }
    for (const template of [rule.message, rule.logData, rule.location]) this.#read(template?.txSlots ?? [])
    for (const effect of [...rule.links.flatMap(link => link.onMatch), ...rule.afterMatch]) this.#effectStays(effect)
  }

  #effectStays({ tx }: Effect): void {
    if (tx === undefined) {
      this.#unread.fill(0)
      return
    }
    this.#read(tx.reads)
    const { writes } = tx
    if (typeof writes === 'number') this.#known[writes] = 0
    else if (writes !== undefined) {
      for (const [slot, name] of this.#names.entries()) {
        if (!name.startsWith(writes.prefix)) continue
        this.#known[slot] = 0
        this.#unread[slot] = 0
      }
    }
  }

  #read(slots: readonly number[]): void {
    for (const slot of slots) this.#unread[slot] = 0
  }

  #readTarget(target: Target): void {
    if (target.slot >= 0) this.#unread[target.slot] = 0
    else if (target.definition.name === 'TX') this.#unread.fill(0)
  }
}

/**
 * A rule that may be jumped over can still go when it does nothing but jump, and no jump from above lands among the
 * rules that it jumps over: nothing ever reaches those.
 */
function isPureJump(rule: Rule, position: number, kept: readonly Rule[]): boolean {
  if (rule.links.some(link => link.onMatch.length > 0)) return false
  return !kept.some(above => above.skipTo > position && above.skipTo < rule.skipTo)
}
