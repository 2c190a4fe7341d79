// What a policy looks at: the attributes that decide, so that a decision can be remembered for exactly these; and which
// roles, groups and scopes it asks for, to tell which grants were of use.

import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'

/** `['context', 'ip']`, `['resource', 'body', 'amount']`; `['resource']` alone is its identity. */
export type Read = readonly string[]

export interface PolicyReads {
  readonly reads: readonly Read[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
}

/** What is the same for every request of an operation. */
const constantTypes = new Set(['Api', 'Operation'])

export function readsOf(policy: PolicyJson): PolicyReads {
  const walk = new Walk()
  for (const { body } of policy.conditions) walk.visit(body)
  const { resource, principal } = policy
  if ((resource.op === '==' || resource.op === 'in') && 'entity' in resource) {
    if (!constantTypes.has(typeOf(resource.entity))) walk.add(['resource'])
  }
  if (
    resource.op === 'is' &&
    resource.in &&
    'entity' in resource.in &&
    !constantTypes.has(typeOf(resource.in.entity))
  ) {
    walk.add(['resource'])
  }
  const above = principal.op === 'in' ? principal : principal.op === 'is' ? principal.in : undefined
  if (above && 'entity' in above) walk.names(above.entity)
  return walk.result()
}

class Walk {
  readonly #reads = new Map<string, Read>()
  readonly #roles = new Set<string>()
  readonly #groups = new Set<string>()
  readonly #scopes = new Set<string>()

  result(): PolicyReads {
    return {
      reads: [...this.#reads.values()],
      roles: [...this.#roles],
      groups: [...this.#groups],
      scopes: [...this.#scopes],
    }
  }

  add(read: Read): void {
    this.#reads.set(read.join('\0'), read)
  }

  names(entity: unknown): void {
    const uid = uidOf(entity)
    if (uid?.type === 'Role') this.#roles.add(uid.id)
    if (uid?.type === 'Group') this.#groups.add(uid.id)
  }

  visit(node: unknown): void {
    if (Array.isArray(node)) for (const item of node) this.visit(item)
    if (!isObject(node)) return
    const chain = chainOf(node)
    if (chain) {
      this.add(chain)
      return
    }
    for (const [key, value] of Object.entries(node)) {
      if (key === 'Value') this.names(value)
      else if (key === 'contains' || key === 'containsAll' || key === 'containsAny') {
        this.#asksFor(value)
        this.visit(value)
      } else this.visit(value)
    }
  }

  /** `principal.scopes.contains("read")` and the like. */
  #asksFor(call: unknown): void {
    if (!isObject(call)) return
    const [root, name, ...more] = chainOf(call['left']) ?? []
    if (more.length > 0 || (root !== 'principal' && root !== 'context')) return
    const into =
      name === 'scopes' ? this.#scopes : name === 'roles' ? this.#roles : name === 'groups' ? this.#groups : undefined
    if (into) for (const text of textsOf(call['right'])) into.add(text)
  }
}

/** A variable with attributes behind it; undefined for any other expression. */
function chainOf(node: unknown): string[] | undefined {
  if (!isObject(node)) return undefined
  if (typeof node['Var'] === 'string') return [node['Var']]
  const dot = node['.']
  if (isObject(dot)) {
    const left = chainOf(dot['left'])
    return left && [...left, String(dot['attr'])]
  }
  const has = node['has']
  if (isObject(has)) {
    const left = chainOf(has['left'])
    return left && [...left, ...[has['attr']].flat().map(String)]
  }
  return undefined
}

function textsOf(node: unknown): string[] {
  if (!isObject(node)) return []
  if (typeof node['Value'] === 'string') return [node['Value']]
  return Array.isArray(node['Set']) ? node['Set'].flatMap(textsOf) : []
}

function uidOf(entity: unknown): { readonly type: string; readonly id: string } | undefined {
  const inner = isObject(entity) && isObject(entity['__entity']) ? entity['__entity'] : entity
  if (!isObject(inner) || typeof inner['type'] !== 'string' || typeof inner['id'] !== 'string') return undefined
  return { type: inner['type'], id: inner['id'] }
}

function typeOf(entity: unknown): string {
  return uidOf(entity)?.type ?? ''
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
