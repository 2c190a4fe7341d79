// One prefilter for many rules. Of each value it says which rules can match it, in one pass over its bytes for all of
// them and, where transformations would change the value, one for each distinct outcome. Rules are numbered; a number
// stands for an operator together with its transformations.

import type { ByteString } from '../../../lib/bytes.ts'
import type { Prefilter } from '../../match/prefilter.ts'
import type { State } from '../../variables/state.ts'
import { members, type Target } from '../../variables/target.ts'
import type { Finding, Value } from '../../variables/value.ts'
import { Hits } from './hits.ts'
import { type FilterChain, type FilterScope, firstScopeOf, type Outcome } from './scope.ts'
import { alwaysBit, alwaysTriggeredBytes } from './triggers.ts'
import type { Verdicts } from './verdicts.ts'

/** Numbers below are the triggers of transformations. */
export const firstPattern = 32

/** A target whose values are scanned when a phase begins, and its number in `hits`. */
export interface FilterUnit {
  readonly target: Target
  readonly number: number
  readonly scope: FilterScope
}

/** Longer arguments are texts, which do not come again; header values do. */
const keptArgumentBytes = 40
/** Distinct outcomes of one value that are kept; more are scanned anew. */
const keptTexts = 8

export class FilterGroup {
  readonly index: number
  readonly #isHigh: boolean
  readonly #firstScope: number
  readonly #scopeCount: number
  /** Good for the phase that was prepared last, until it is over. */
  readonly hits: Hits
  readonly #units: readonly (readonly FilterUnit[])[]
  readonly #prefilter: Prefilter
  readonly #verdicts: Verdicts
  readonly #words: number
  readonly #found: Int32Array
  readonly #texts: ByteString[] = []
  readonly #bitsOfText: Int32Array[] = []

  constructor(
    index: number,
    isHigh: boolean,
    prefilter: Prefilter,
    units: readonly (readonly FilterUnit[])[],
    verdicts: Verdicts,
    patternEnd: number,
  ) {
    this.index = index
    this.#isHigh = isHigh
    this.#firstScope = firstScopeOf(index)
    const scopes = [...new Set(units.flat().map(unit => unit.scope))]
    this.#scopeCount = scopes.length
    for (const scope of scopes) {
      scope.coveredBy = new Uint8Array(scopes.length)
      for (const other of scopes) if (other.covers(scope)) scope.coveredBy[other.id] = 1
    }
    this.hits = new Hits(patternEnd)
    this.#units = units
    this.#prefilter = prefilter
    this.#verdicts = verdicts
    this.#words = (patternEnd >>> 5) + 1
    this.#found = new Int32Array(this.#words)
    for (let i = 0; i < keptTexts; i++) this.#bitsOfText.push(new Int32Array(prefilter.candidates.length))
  }

  /** Scans the values that rules of the phase look at. */
  prepare(state: State, phase: number): void {
    const { hits } = this
    hits.clear()
    for (const { target, number, scope } of this.#units[phase] ?? []) {
      const values = members(state, target)
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as Value
        const { patterns } = this.#findingOf(value, scope)
        for (let k = 0; k < patterns.length; k++) hits.add(patterns[k] as number, number, value)
      }
    }
  }

  /** Lets go of what `prepare` found. */
  release(): void {
    this.hits.clear()
  }

  #findingOf(value: Value, scope: FilterScope): Finding {
    const known = this.#isHigh ? value.highFinding : value.finding
    const seenBy = known.scope - this.#firstScope
    if (seenBy >= 0 && seenBy < this.#scopeCount && scope.coveredBy[seenBy] === 1) return known
    const finding = this.#find(value, scope)
    value.triggered = finding.triggered
    if (this.#isHigh) value.highFinding = finding
    else value.finding = finding
    return finding
  }

  #find(value: Value, scope: FilterScope): Finding {
    const text = value.value
    if (text.length > keptArgumentBytes && value.variable === 'ARGS') return this.#findAnew(value, scope)
    const { recent } = scope
    const known = recent.get(text)
    if (known !== undefined) return known
    const isAwaited = recent.isAwaited(text)
    const possible = this.#findAnew(value, scope)
    const finding = isAwaited ? this.#judged(value, possible, scope) : possible
    recent.set(text, finding)
    return finding
  }

  /** A finding without the patterns that do not match, for a text that is to be kept. */
  #judged(value: Value, finding: Finding, scope: FilterScope): Finding {
    const found = this.#found
    found.set(finding.bits)
    for (const pattern of finding.patterns) {
      if (!this.#verdicts.areAgainst(pattern, value)) continue
      found[pattern >>> 5] = (found[pattern >>> 5] as number) & ~(1 << (pattern & 31))
    }
    return scope.findings.get(found, finding.triggered)
  }

  #findAnew(value: Value, scope: FilterScope): Finding {
    this.#scan(value, scope)
    for (let i = 0; i < scope.always.length; i++) this.#addChain(value, scope.always[i] as FilterChain)
    return scope.findings.get(this.#found, value.triggered)
  }

  /** Adds to `found` what may match the outcome of a chain that changes every value. */
  #addChain(value: Value, { step, mask, minBytes }: FilterChain): void {
    if (step === undefined) return
    const input = step.before === undefined ? value.value : step.before.of(value)
    if (step.transformation.isShorter?.(input, minBytes)) return
    const found = this.#found
    const { candidates } = this.#prefilter
    this.#prefilter.scan(step.of(value))
    for (let w = 1; w < this.#words; w++) {
      found[w] = (found[w] as number) | ((candidates[w] as number) & (mask[w] as number))
    }
  }

  /** Fills `found`. */
  #scan(value: Value, scope: FilterScope): void {
    const text = value.value
    const words = this.#words
    const found = this.#found
    const prefilter = this.#prefilter
    prefilter.scan(text)
    const { candidates } = prefilter
    value.triggered = text.length <= alwaysTriggeredBytes ? -1 : (candidates[0] as number) | alwaysBit
    const plan = scope.planFor(value.triggered, words)
    for (let w = 1; w < words; w++) found[w] = (candidates[w] as number) & (plan.plain[w] as number)
    if (plan.changing.length > 0) this.#scanOutcomes(value, plan.changing)
  }

  /** Adds to `found` what may match what the steps make of a value, which was scanned last. */
  #scanOutcomes(value: Value, outcomes: readonly Outcome[]): void {
    const text = value.value
    const words = this.#words
    const found = this.#found
    const prefilter = this.#prefilter
    const { lowMask, highMask } = prefilter
    const plain = this.#bitsOfText[0] as Int32Array
    plain.set(prefilter.candidates)
    this.#texts[0] = text
    let texts = 1
    for (let o = 0; o < outcomes.length; o++) {
      const { step, mask, adds, needs } = outcomes[o] as Outcome
      if (needs && !meets(plain, needs)) continue
      if (adds && !meets(prefilter.possibleFor(lowMask, highMask, text.length, adds), mask)) continue
      const outcome = step.of(value)
      let bits = step.isSame(value) ? plain : undefined
      for (let i = 0; i < texts && bits === undefined; i++) if (this.#texts[i] === outcome) bits = this.#bitsOfText[i]
      if (bits === undefined) {
        prefilter.scan(outcome)
        bits = prefilter.candidates
        if (texts < keptTexts) {
          this.#texts[texts] = outcome
          this.#bitsOfText[texts++]?.set(bits)
        }
      }
      for (let w = 1; w < words; w++) found[w] = (found[w] as number) | ((bits[w] as number) & (mask[w] as number))
    }
  }
}

function meets(a: Int32Array, b: Int32Array): boolean {
  for (let w = 1; w < b.length; w++) if (((a[w] ?? 0) & (b[w] as number)) !== 0) return true
  return false
}
