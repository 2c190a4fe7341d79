// Guard `authz`: whether who calls may do what is asked for, by Cedar policies. What no policy permits is denied, and so
// is what could not be judged: an operation that is not known, a body that can be read in two ways, a policy that failed.

import type { Found } from '../../contract/operation-table.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools } from '../../pipeline/guard.ts'
import type { Evidence, Verdict } from '../../pipeline/verdict.ts'
import { Authorizer, type Decision } from '../../policies/authorizer.ts'
import { sharedModel } from '../../policies/model.ts'
import { uidOf } from '../../policies/principal.ts'
import { authzOptions } from './options.ts'

export const authz: GuardDefinition<'authz', typeof authzOptions> = {
  name: 'authz',
  summary: 'Permits only what a policy permits to who calls.',
  options: authzOptions,
  onError: 'deny',
  example: { policies: './policies/*.cedar' },
  skipsOwnServices: true,
  perRoute: true,
  create: ({ policies }, tools) => {
    const { route, routes = [], configDir } = tools
    if (!route) throw new Error('made without a route')
    const { result, isFirst } = sharedModel(routes, policies, configDir)
    // Said once, however many routes have the same policies.
    if (!result.ok) return { ok: false, problems: isFirst ? result.problems : [] }
    const authorizer = new Authorizer(result.model, route.name, tools.ownIssuer)
    const guard = authorizer.readsBodies ? new BodyAuthzGuard(authorizer, tools) : new AuthzGuard(authorizer, tools)
    return { ok: true, guard, warnings: isFirst ? result.model.warnings : [] }
  },
}

/** Stable, for clients that want to tell this from other refusals (RFC 9457 §3.1.1). */
const problemType = 'urn:merlon:problem:not-permitted'

const recordEveryMs = 30_000

type Code = `authz.${'denied' | 'forbidden' | 'unknown-operation' | 'unreadable' | 'policy-error'}`

class AuthzGuard implements Guard {
  protected readonly authorizer: Authorizer
  readonly #tools: GuardTools
  readonly #recorded = new WeakMap<Decision, number>()

  constructor(authorizer: Authorizer, tools: GuardTools) {
    this.authorizer = authorizer
    this.#tools = tools
  }

  onHeaders(ex: Exchange): Verdict | undefined {
    const found = this.authorizer.find(ex)
    if (!found) return refuse('authz.unknown-operation', 'no operation has this method and path', [])
    return this.authorizer.readsBody(found) ? undefined : this.judge(ex, found)
  }

  isStale(): boolean {
    return this.authorizer.isStale()
  }

  close(): void {
    this.authorizer.close()
  }

  protected judge(ex: Exchange, found: Found): Verdict | undefined {
    const decision = this.authorizer.decide(ex, found, this.#tools.now())
    if ('unreadable' in decision) return refuse('authz.unreadable', decision.unreadable, [])
    if (!decision.allowed) return this.#refusal(ex, decision)
    this.#record(ex, decision)
    return undefined
  }

  /** A decision that is remembered is told of seldom. */
  #record({ principal, route }: Exchange, decision: Decision): void {
    const { recordUse, now } = this.#tools
    if (!principal || !recordUse) return
    const atMs = now()
    if (atMs - (this.#recorded.get(decision) ?? 0) < recordEveryMs) return
    this.#recorded.set(decision, atMs)
    const policies = decision.policies.map(({ id }) => id)
    recordUse({
      kind: principal.kind,
      id: principal.id,
      route: route.name,
      operation: decision.operation.id,
      policies,
      atMs,
    })
  }

  #refusal(ex: Exchange, { operation, policies, errors }: Decision): Verdict {
    const { type, id } = uidOf(ex.principal, this.#tools.ownIssuer)
    const what = `${type} ${JSON.stringify(id)} may not ${operation.id}`
    const at = { where: 'action', match: operation.id, points: 0 }
    if (errors.length > 0) {
      const evidence = errors.map(({ policy, message }) => ({ rule: policy?.id ?? '', message, ...at }))
      return refuse('authz.policy-error', `${what}: a policy could not be evaluated`, evidence)
    }
    if (policies.length === 0) {
      return refuse('authz.denied', `${what}: no policy permits it`, [
        { rule: 'default-deny', message: 'no policy permits it', ...at },
      ])
    }
    const evidence = policies.map(({ id, file, statement }) => ({
      rule: id,
      message: `forbidden by ${file}:${statement.line}`,
      ...at,
    }))
    return refuse('authz.forbidden', `${what}: ${policies.map(({ id }) => id).join(', ')} forbids it`, evidence)
  }
}

/** Where policies look at bodies: having `onBody` is what makes the gateway wait for them. */
class BodyAuthzGuard extends AuthzGuard {
  onBody(ex: Exchange): Verdict | undefined {
    const found = this.authorizer.find(ex)
    return found && this.authorizer.readsBody(found) ? this.judge(ex, found) : undefined
  }
}

function refuse(code: Code, detail: string, evidence: readonly Evidence[]): Verdict {
  return { kind: 'deny', status: 403, problemType, reason: { code, detail, evidence } }
}
