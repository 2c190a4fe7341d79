// The answers that listeners hold ready for an authority's looks, while an order is under way.

import type { Certificate, Challenges } from '../listen/settings.ts'
import type { ChallengeBoard } from './acme-order.ts'

export class Board implements ChallengeBoard {
  readonly #http = new Map<string, string>()
  readonly #alpn = new Map<string, Certificate>()
  readonly #onChange: () => Promise<void>

  /** @param onChange Resolves when every worker has what `challenges` says. */
  constructor(onChange: () => Promise<void>) {
    this.#onChange = onChange
  }

  get challenges(): Challenges {
    return { http: Object.fromEntries(this.#http), alpn: [...this.#alpn.values()] }
  }

  async addHttp(token: string, keyAuthorization: string): Promise<void> {
    this.#http.set(token, keyAuthorization)
    await this.#onChange()
  }

  async removeHttp(token: string): Promise<void> {
    this.#http.delete(token)
    await this.#onChange()
  }

  async addAlpn(certificate: Certificate): Promise<void> {
    this.#alpn.set(certificate.names[0] ?? '', certificate)
    await this.#onChange()
  }

  async removeAlpn(name: string): Promise<void> {
    this.#alpn.delete(name)
    await this.#onChange()
  }
}
