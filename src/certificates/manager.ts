// Keeps the certificates of the running config: reads them again when their files change, turns the keys of session
// tickets, warns before one ends. Tells by `onChange` that the listeners are to get new settings.

import { randomBytes } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { type FileWatch, watchFiles } from '../config/watch.ts'
import { formatProblem } from '../lib/problem.ts'
import type { ListenerSettings } from '../listen/settings.ts'
import { AcmeRenewer } from './acme-renewer.ts'
import type { KnownCertificate } from './certificate.ts'
import { Board } from './challenge-board.ts'
import { CertificateFolder } from './files.ts'
import { type CertificateRules, type Credentials, credentialFiles, type ReadResult, readCredentials } from './keeper.ts'

export interface ManagerOptions {
  readonly stateDir: string
  readonly now: () => number
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
  /** Something that an operator should find among the events. */
  readonly report: (code: `certificate.${string}`, detail: string) => void
  /** The running listeners should get their settings anew. */
  readonly onChange: () => Promise<void>
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A ticket from before is no longer taken; its client makes a full handshake. */
const ticketKeysLifeMs = 12 * hourMs
const lookEveryMs = 6 * hourMs
/** How long before the end it is warned of. */
const warnBeforeMs = 21 * dayMs

export class CertificateManager {
  readonly #options: ManagerOptions
  #config: Config | undefined
  #credentials: readonly (Credentials | undefined)[] = []
  #rules: CertificateRules = {}
  #ticketKeys: Uint8Array = randomBytes(48)
  readonly #board: Board
  readonly #renewer: AcmeRenewer
  #watch: FileWatch | undefined
  /** When it was last warned of a certificate, by its PEM. */
  #warnedMs = new Map<string, number>()
  readonly #timers: NodeJS.Timeout[]

  constructor(options: ManagerOptions) {
    this.#options = options
    this.#board = new Board(options.onChange)
    this.#renewer = new AcmeRenewer({
      folder: new CertificateFolder(options.stateDir),
      board: this.#board,
      now: options.now,
      log: options.log,
      onFailure: (_acme, message) => options.report('certificate.renewal', message),
      onIssued: () => this.#readAgain(),
    })
    this.#timers = [
      setInterval(() => this.#turnTicketKeys(), ticketKeysLifeMs),
      setInterval(() => this.#look(), lookEveryMs),
    ]
    for (const timer of this.#timers) timer.unref()
  }

  /** Reads what a config needs, without taking it. */
  read(config: Config): ReadResult {
    return readCredentials(config, this.#options.now(), { writes: true })
  }

  /** The config runs from now on, with these credentials. */
  use(config: Config, { credentials, rules }: Extract<ReadResult, { ok: true }>): void {
    this.#config = config
    this.#credentials = credentials
    this.#rules = rules
    this.#watch?.close()
    const files = credentialFiles(config)
    this.#watch = files.length > 0 ? watchFiles(files, () => void this.#readAgain()) : undefined
    for (const [i, own] of credentials.entries()) {
      if (own?.isSelfSigned) this.#options.log('warn', `listen.${i}: its certificate is signed by itself`)
    }
    this.#look()
    this.#renewer.use(config.listen.flatMap(({ tls }) => tls?.acme ?? []))
  }

  /** Orders made of authorities. */
  get orders(): { readonly ok: number; readonly failed: number } {
    return this.#renewer.orders
  }

  /** By place in `listen:`. */
  settings(
    config: Config,
    { credentials, rules }: Pick<Extract<ReadResult, { ok: true }>, 'credentials' | 'rules'>,
  ): ListenerSettings[] {
    const certificateRules = Object.fromEntries(Object.entries(rules).map(([key, { rule }]) => [key, rule]))
    return config.listen.map(({ proxyProtocol, http2, tls }, i) => {
      const own = credentials[i]
      return {
        proxyProtocol,
        http2,
        tls: tls &&
          own && {
            certificates: own.certificates.map(({ names, cert, key }) => ({ names, cert, key })),
            clients: own.clients,
            ticketKeys: this.#ticketKeys,
            hstsSeconds: tls.hstsSeconds,
          },
        redirectPort: undefined,
        challenges: this.#board.challenges,
        certificateRules,
      }
    })
  }

  /** Of the running config. */
  get current(): { config: Config; settings: ListenerSettings[] } | undefined {
    const config = this.#config
    return config && { config, settings: this.settings(config, { credentials: this.#credentials, rules: this.#rules }) }
  }

  /** Every certificate that is shown, with the place of its listener. */
  certificates(): { readonly place: string; readonly certificate: KnownCertificate }[] {
    return this.#credentials.flatMap((own, i) =>
      (own?.certificates ?? []).map(certificate => ({ place: `listen.${i}`, certificate })),
    )
  }

  close(): void {
    this.#watch?.close()
    this.#renewer.close()
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #readAgain(): Promise<void> {
    const config = this.#config
    if (!config) return
    const read = this.read(config)
    if (!read.ok) {
      for (const problem of read.problems) {
        this.#options.log('error', `the certificates before go on: ${formatProblem(problem)}`)
      }
      this.#options.report('certificate.bad', read.problems.map(({ message }) => message).join('; '))
      return
    }
    this.#credentials = read.credentials
    this.#rules = read.rules
    this.#options.log('info', 'certificates have changed and are read again')
    await this.#options.onChange()
    this.#look()
  }

  #turnTicketKeys(): void {
    if (!this.#credentials.some(own => own !== undefined)) return
    this.#ticketKeys = randomBytes(48)
    void this.#options.onChange()
  }

  /** Warns of what ends soon, once a day. */
  #look(): void {
    const nowMs = this.#options.now()
    const warnedMs = new Map<string, number>()
    for (const { place, certificate } of this.certificates()) {
      const leftMs = certificate.expiresMs - nowMs
      if (leftMs > warnBeforeMs) continue
      const lastMs = warnedMs.get(certificate.cert) ?? this.#warnedMs.get(certificate.cert)
      warnedMs.set(certificate.cert, lastMs ?? nowMs)
      if (lastMs !== undefined && nowMs - lastMs < dayMs) continue
      warnedMs.set(certificate.cert, nowMs)
      const names = certificate.names.slice(0, 5).join(', ')
      const when = leftMs > 0 ? `ends in ${Math.floor(leftMs / dayMs)} days` : 'has ended'
      this.#options.log('warn', `${place}: the certificate for ${names} ${when}`)
      this.#options.report('certificate.expiry', `the certificate for ${names} ${when}`)
    }
    this.#warnedMs = warnedMs
  }
}
