// Guard `lists`: addresses that are refused, and addresses that are always welcome. `allow` wins over `deny`, also of a
// wider or narrower network, and marks the exchange so that the rate limit leaves it alone. It opens no other door: a
// welcome address with an attack in its request is still an attack.

import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition } from '../../pipeline/guard.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { IpSet } from './ip-set.ts'
import { type ListsOptions, listsOptions } from './options.ts'

export const lists: GuardDefinition<'lists', typeof listsOptions> = {
  name: 'lists',
  summary: 'Refuses listed addresses and networks; exempts welcome ones from limits.',
  options: listsOptions,
  onError: 'deny',
  create: options => ({ ok: true, guard: new ListsGuard(options) }),
}

class ListsGuard implements Guard {
  readonly #allow: IpSet
  readonly #deny: IpSet

  constructor(options: ListsOptions) {
    this.#allow = new IpSet(options.allow)
    this.#deny = new IpSet(options.deny)
  }

  onHeaders(ex: Exchange): Verdict | undefined {
    const { ip, ipBytes } = ex.client
    if (this.#allow.has(ipBytes)) {
      ex.isWelcome = true
      return undefined
    }
    if (!this.#deny.has(ipBytes)) return undefined
    const evidence = { rule: 'deny', message: 'address is on the deny list', where: 'client.ip', match: ip, points: 0 }
    return {
      kind: 'deny',
      status: 403,
      reason: { code: 'lists.denied', detail: 'the client’s address is on the deny list', evidence: [evidence] },
    }
  }
}
