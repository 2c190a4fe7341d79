// Chains of transformations as a tree: chains that begin alike share their first steps, and a value keeps the result of
// each step, so that a step is taken once for a value however many rules ask for it. Steps that are known to leave a
// value as it is are not taken: a chain that begins with them is the chain without them.

import type { ByteString } from '../../lib/bytes.ts'
import type { Transformation } from '../transforms/types.ts'
import { type Value, ValueResult } from '../variables/value.ts'
import { bitsThatChange, triggers } from './filter/triggers.ts'

export class TransformStep {
  readonly id: number
  readonly transformation: Transformation
  readonly before: TransformStep | undefined
  /** The same chain without its first step. */
  readonly rest: TransformStep | undefined
  /** The steps from the first to this one. */
  readonly path: readonly TransformStep[]
  /** A value that pulls none of these triggers is not changed by this step, the first one, any of the path. */
  private readonly isCaseOnly: boolean
  private readonly own: number
  private readonly first: number
  private readonly any: number

  constructor(
    id: number,
    transformation: Transformation,
    before: TransformStep | undefined,
    rest: TransformStep | undefined,
  ) {
    this.id = id
    this.transformation = transformation
    this.before = before
    this.rest = rest
    this.path = before === undefined ? [this] : [...before.path, this]
    this.isCaseOnly = triggers.get(transformation.name.toLowerCase()) === 'case-only'
    this.own = bitsThatChange(transformation.name.toLowerCase())
    this.first = before === undefined ? this.own : before.first
    this.any = before === undefined ? this.own : before.any | this.own
  }

  /** The value after this step. */
  of(value: Value): ByteString {
    const { triggered } = value
    return (this.any & triggered) === 0 ? value.value : this.from(triggered).take(value)
  }

  /** The chain from its first step on that may change a value which pulls these triggers. */
  from(triggered: number): TransformStep {
    let step: TransformStep = this
    while ((step.first & triggered) === 0 && step.rest !== undefined) step = step.rest
    return step
  }

  /** Whether `of` a value that was taken from here on is the value but for the case of letters. */
  isSame(value: Value): boolean {
    return this.resultOf(value)?.isSame ?? true
  }

  private resultOf(value: Value): ValueResult | undefined {
    let result = value.results
    while (result !== undefined && result.step !== this.id) result = result.next
    return result
  }

  private take(value: Value): ByteString {
    const known = this.resultOf(value)
    if (known !== undefined) return known.text
    const { before } = this
    const input = before === undefined ? value.value : before.of(value)
    if (input === value.value && (this.own & value.triggered) === 0) return input
    const output = this.transformation.apply(input)
    const wasSame = before === undefined || before.from(value.triggered).isSame(value)
    value.results = new ValueResult(this.id, output, wasSame && (this.isCaseOnly || output === input), value.results)
    return output
  }
}

/** Makes the steps of a rule set. */
export class TransformTree {
  readonly #steps = new Map<string, TransformStep>()
  readonly #known: ReadonlyMap<string, Transformation>

  constructor(known: ReadonlyMap<string, Transformation>) {
    this.#known = known
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  /** Of the transformations that some chain has, in lower case. */
  get used(): ReadonlySet<string> {
    return new Set(Array.from(this.#steps.values(), step => step.transformation.name.toLowerCase()))
  }

  get names(): readonly string[] {
    return [...new Set(Array.from(this.#known.values(), transformation => transformation.name))]
  }

  /** The last step of a chain given by names; undefined when nothing is to be done. `none` forgets what stands before. */
  chain(names: readonly string[]): TransformStep | undefined {
    const last = names.lastIndexOf('none')
    let step: TransformStep | undefined
    for (const name of names.slice(last + 1)) step = this.#next(step, name)
    return step
  }

  #next(before: TransformStep | undefined, name: string): TransformStep | undefined {
    const transformation = this.#known.get(name)
    if (!transformation) return before
    const key = `${before?.id ?? ''},${transformation.name}`
    const known = this.#steps.get(key)
    if (known) return known
    const rest = before && this.#next(before.rest, name)
    const step = new TransformStep(this.#steps.size, transformation, before, rest)
    this.#steps.set(key, step)
    return step
  }
}

export interface ExplainedStep {
  readonly transformation: string
  readonly value: ByteString
}

/** The value before and after each step that changed it. */
export function explainSteps(
  value: Value,
  step: TransformStep | undefined,
  last: ByteString,
): readonly ExplainedStep[] {
  const steps: ExplainedStep[] = [{ transformation: 'none', value: value.value }]
  let current = value.value
  for (const each of step?.path ?? []) {
    if (current === last && steps.length > 1) break
    const next = each.transformation.apply(current)
    if (next !== current) steps.push({ transformation: each.transformation.name, value: next })
    current = next
  }
  return steps
}
