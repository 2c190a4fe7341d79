// Decides for one route: finds the operation of a request, asks Cedar with the policies that can apply, and remembers the
// answer under everything that these policies look at, so that it is exact. A policy that looks at the time is asked
// every time.

import { groupOf, type Operation, operationType } from '../contract/operation.ts'
import { type Found, OperationTable } from '../contract/operation-table.ts'
import { Lru } from '../lib/lru.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { cedar } from './cedar.ts'
import { contextNames, contextOf } from './context.ts'
import type { PolicyModel } from './model.ts'
import type { Policy } from './policy-files.ts'
import { principalEntity, principalKey, uidOf } from './principal.ts'
import type { Read } from './reads.ts'
import { readResource } from './resource.ts'
import { type Slice, Slices } from './slices.ts'

export interface Decision {
  readonly allowed: boolean
  readonly operation: Operation
  /** Those that decided: the permits of what is allowed, the forbids of what is not; none when nothing permits it. */
  readonly policies: readonly Policy[]
  /** Policies that could not be evaluated. One is enough to deny: it may have been a forbid. */
  readonly errors: readonly { readonly policy: Policy | undefined; readonly message: string }[]
}

/** The request can't be judged honestly, because we and the upstream may read it in different ways. */
export interface Unreadable {
  readonly unreadable: string
}

/** Decisions that a route remembers. */
export const rememberedMax = 10_000
/** Longer keys are not worth their memory. */
const keyLengthMax = 1024

interface Plan {
  readonly index: number
  readonly slice: Slice
  readonly readsBody: boolean
  readonly readsResource: boolean
  readonly context: readonly string[]
  readonly isCacheable: boolean
}

export class Authorizer {
  readonly #api: string
  readonly #table: OperationTable
  readonly #plans = new Map<Operation, Plan>()
  readonly #decisions = new Lru<string, Decision>(rememberedMax)
  readonly #model: PolicyModel
  readonly #ownIssuer: string | undefined
  readonly #close: () => void
  /** Answers from memory, and from Cedar. */
  readonly counts = { remembered: 0, asked: 0 }

  constructor(model: PolicyModel, api: string, ownIssuer: string | undefined) {
    this.#model = model
    this.#api = api
    this.#ownIssuer = ownIssuer
    const operations = model.apis.find(({ name }) => name === api)?.operations ?? []
    this.#table = new OperationTable(operations)
    const { list, close } = Slices.of(model.policies, operations, api)
    this.#close = close
    for (const [index, operation] of operations.entries()) {
      const slice = list[index]
      if (slice) this.#plans.set(operation, planOf(index, slice))
    }
  }

  /** Whether any decision waits for the body. */
  get readsBodies(): boolean {
    return [...this.#plans.values()].some(plan => plan.readsBody)
  }

  isStale(): boolean {
    return this.#model.isStale()
  }

  close(): void {
    this.#close()
  }

  find(ex: Exchange): Found | undefined {
    return this.#table.find(ex.method, ex.path)
  }

  readsBody({ operation }: Found): boolean {
    return this.#plans.get(operation)?.readsBody === true
  }

  /** The policies that can apply to an operation. */
  considered({ operation }: Found): readonly Policy[] {
    return [...(this.#plans.get(operation)?.slice.policies.values() ?? [])]
  }

  decide(ex: Exchange, found: Found, nowMs: number): Decision | Unreadable {
    const { operation } = found
    const plan = this.#plans.get(operation)
    const set = plan?.slice.set
    if (!plan || !set) return { allowed: false, operation, policies: [], errors: [] }
    const { slice } = plan
    const resource = readResource(ex, found, slice.reads, this.#model.schema)
    if ('unreadable' in resource) return resource
    const context = contextOf(ex, plan.context, nowMs)
    const key = plan.isCacheable ? this.#keyOf(ex, plan, resource, context) : undefined
    const known = key === undefined ? undefined : this.#decisions.get(key)
    if (known) {
      this.counts.remembered++
      return known
    }
    const decision = this.#ask(ex, operation, plan, set.name, resource, context)
    if (key !== undefined && key.length <= keyLengthMax) this.#decisions.set(key, decision)
    return decision
  }

  #keyOf(ex: Exchange, plan: Plan, resource: Resource, context: Readonly<Record<string, unknown>>): string {
    let key = `${plan.index}\n${principalKey(ex.principal)}`
    if (plan.readsResource) key += `\n${JSON.stringify([resource.id, resource.attributes])}`
    if (plan.context.length > 0) key += `\n${JSON.stringify(context)}`
    return key
  }

  #ask(
    ex: Exchange,
    operation: Operation,
    plan: Plan,
    preparsedPolicySetId: string,
    resource: Resource,
    context: Readonly<Record<string, unknown>>,
  ): Decision {
    this.counts.asked++
    const principal = uidOf(ex.principal, this.#ownIssuer)
    const action = { type: 'Action', id: operation.id }
    const target = { type: operation.resourceType, id: resource.id }
    const api = { type: 'Api', id: this.#api }
    const parents = operation.resourceType === operationType ? [api] : [{ type: operationType, id: operation.id }, api]
    const answer = cedar().statefulIsAuthorized({
      principal,
      action,
      resource: target,
      context: context as never,
      preparsedPolicySetId,
      entities: [
        principalEntity(principal, ex.principal),
        { uid: action, attrs: {}, parents: [{ type: 'Action', id: groupOf(operation.method) }] },
        { uid: target, attrs: resource.attributes as never, parents },
      ],
    })
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'Cedar gave no answer')
    const { decision, diagnostics } = answer.response
    const errors = diagnostics.errors.map(({ policyId, error }) => ({
      policy: plan.slice.policies.get(policyId),
      message: error.message,
    }))
    return {
      allowed: decision === 'allow' && errors.length === 0,
      operation,
      policies: diagnostics.reason.flatMap(id => plan.slice.policies.get(id) ?? []),
      errors,
    }
  }
}

export interface Resource {
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
}

function planOf(index: number, slice: Slice): Plan {
  const { reads } = slice
  const of = (root: string) => reads.filter(read => read[0] === root)
  const context = of('context').some(read => read.length === 1)
    ? contextNames
    : contextNames.filter(name => of('context').some(read => read[1] === name))
  return {
    index,
    slice,
    readsBody: readsBodyOf(reads),
    readsResource: of('resource').length > 0,
    context,
    isCacheable: !context.includes('time'),
  }
}

function readsBodyOf(reads: readonly Read[]): boolean {
  return reads.some(read => read[0] === 'resource' && read[1] === 'body')
}
