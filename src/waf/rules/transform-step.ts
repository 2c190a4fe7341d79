// Chains of transformations as a tree: chains that begin alike share their first steps, and a value keeps the result of
// each step, so that a step is taken once for a value however many rules ask for it.

import type { ByteString } from '../../lib/bytes.ts'
import type { Transformation } from '../transforms/types.ts'
import type { Value } from '../variables/value.ts'

export class TransformStep {
  readonly id: number
  readonly transformation: Transformation
  readonly before: TransformStep | undefined
  /** The steps from the first to this one. */
  readonly path: readonly TransformStep[]

  constructor(id: number, transformation: Transformation, before: TransformStep | undefined) {
    this.id = id
    this.transformation = transformation
    this.before = before
    this.path = before === undefined ? [this] : [...before.path, this]
  }

  /** The value after this step. */
  of(value: Value): ByteString {
    value.results ??= []
    const known = value.results[this.id]
    if (known !== undefined) return known
    const input = this.before === undefined ? value.value : this.before.of(value)
    const output = this.transformation.apply(input)
    value.results[this.id] = output
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
    let step = this.#steps.get(key)
    if (!step) {
      step = new TransformStep(this.#steps.size, transformation, before)
      this.#steps.set(key, step)
    }
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
