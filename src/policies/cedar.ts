// The port to Cedar, which comes as WebAssembly and keeps parsed policy sets inside, by name. It is loaded when the first
// policies are: 4 MB that nobody pays for who has none.

import { createRequire } from 'node:module'

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs')

let loaded: Cedar | undefined

export function cedar(): Cedar {
  loaded ??= createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as Cedar
  return loaded
}

/** Names that no set is under at the moment: sets can't be taken out of the WASM memory, but names can be used again. */
const freeNames: string[] = []
let namesMade = 0

/** A policy set that was parsed once. */
export class ParsedSet {
  readonly name: string

  /** @throws Error when the policies can't be parsed; they were before, each by itself */
  constructor(policies: Readonly<Record<string, string>>) {
    this.name = freeNames.pop() ?? `set${namesMade++}`
    const parsed = cedar().preparsePolicySet(this.name, { staticPolicies: policies })
    if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message ?? 'policies can’t be parsed')
  }

  close(): void {
    cedar().preparsePolicySet(this.name, { staticPolicies: {} })
    freeNames.push(this.name)
  }
}
