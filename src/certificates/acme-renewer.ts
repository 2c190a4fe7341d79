// Gets certificates from authorities and renews them in time: one order at once, also where several gateways share a
// state folder; what fails is tried again, later each time, and never takes a good certificate away.

import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, rmSync, statSync, utimesSync } from 'node:fs'
import type { AcmeConfig } from '../config/config.ts'
import { type ChallengeBoard, createAccountKey, orderCertificate } from './acme-order.ts'
import type { KnownCertificate } from './certificate.ts'
import type { CertificateFolder } from './files.ts'
import { acmeName, covers } from './names.ts'
import { askRenewalInfo, certificateId } from './renewal-info.ts'

export interface RenewerOptions {
  readonly folder: CertificateFolder
  readonly board: ChallengeBoard
  readonly now: () => number
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
  /** A failure that the operator should find among the events. */
  readonly onFailure: (acme: AcmeConfig, message: string) => void
  /** There is a new certificate in the folder. */
  readonly onIssued: () => Promise<void>
  /** Pause after the first failure, doubled with each that follows. */
  readonly firstBackOffMs?: number
  readonly lookEveryMs?: number
}

const minuteMs = 60_000
/** Authorities allow few failures an hour (Let's Encrypt: five a name). */
const firstBackOffMs = 2 * minuteMs
const lastBackOffMs = 6 * 60 * minuteMs
const lookEveryMs = 30_000
/** When an authority has said nothing. */
const askAgainMs = 6 * 60 * minuteMs
/** A lock whose holder has not touched it for so long was left behind. */
const lockStaleMs = 5 * minuteMs
const lockTouchMs = minuteMs

interface Wish {
  readonly acme: AcmeConfig
  failures: number
  notBeforeMs: number
  /** Part of the life of a certificate, so that many gateways don't renew at once. */
  readonly jitter: number
  /** What the authority says of the certificate that there is. */
  info: { readonly cert: string; renewMs: number | undefined; nextMs: number } | undefined
}

export class AcmeRenewer {
  readonly orders = { ok: 0, failed: 0 }
  readonly #options: RenewerOptions
  #wishes: Wish[] = []
  #working: Promise<void> | undefined
  #closed = false
  readonly #timer: NodeJS.Timeout

  constructor(options: RenewerOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), options.lookEveryMs ?? lookEveryMs)
    this.#timer.unref()
  }

  /** The certificates of a config; the failures of those that were wanted before still count. */
  use(wanted: readonly AcmeConfig[]): void {
    const before = new Map(this.#wishes.map(wish => [JSON.stringify(wish.acme), wish]))
    const keys = new Map(wanted.map(acme => [JSON.stringify(acme), acme]))
    this.#wishes = [...keys].map(
      ([key, acme]) =>
        before.get(key) ?? {
          acme,
          failures: 0,
          notBeforeMs: 0,
          jitter: Math.random() / 30,
          info: undefined,
        },
    )
    void this.look()
  }

  /** Orders what is due, one after another. */
  look(): Promise<void> {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
    return this.#working
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  async #work(): Promise<void> {
    for (const wish of this.#wishes) {
      await this.#askWhen(wish)
      if (this.#closed || !this.#isDue(wish)) continue
      const release = this.#lock()
      if (!release) return // another gateway orders; its certificate will be in the folder
      try {
        // It may have come while we waited.
        if (this.#isDue(wish)) await this.#order(wish)
      } finally {
        release()
      }
    }
  }

  /** Asks the authority when to renew (RFC 9773); what goes wrong with that only means to ask again later. */
  async #askWhen(wish: Wish): Promise<void> {
    const { folder, now, log } = this.#options
    const known = folder.read(acmeName(wish.acme.domains))
    if (!known || (wish.info?.cert === known.cert && now() < wish.info.nextMs)) return
    const before = wish.info?.cert === known.cert ? wish.info.renewMs : undefined
    wish.info = { cert: known.cert, renewMs: before, nextMs: now() + askAgainMs }
    try {
      const info = await askRenewalInfo(wish.acme, known.cert)
      if (!info) return
      const { startMs, endMs, retryMs } = info
      // One moment in the window, chosen once, so that not all come at its start.
      const isSame = before !== undefined && before >= startMs && before <= endMs
      const chosen = isSame ? before : startMs + Math.random() * (endMs - startMs)
      wish.info = { cert: known.cert, renewMs: Math.min(chosen, latestMs(known)), nextMs: now() + retryMs }
    } catch (error) {
      log('warn', `no word of when to renew ${wish.acme.domains.join(', ')}: ${messageOf(error)}`)
    }
  }

  #isDue({ acme, notBeforeMs, jitter, info }: Wish): boolean {
    const { folder, now } = this.#options
    if (now() < notBeforeMs) return false
    const known = folder.read(acmeName(acme.domains))
    return !known || !covers(known, acme.domains) || now() >= this.#renewMs(known, jitter, info)
  }

  #renewMs(known: KnownCertificate, jitter: number, info: Wish['info']): number {
    return info?.cert === known.cert && info.renewMs !== undefined ? info.renewMs : renewAtMs(known, jitter)
  }

  async #order(wish: Wish): Promise<void> {
    const { folder, board, log, now } = this.#options
    const { acme } = wish
    const names = acme.domains.join(', ')
    try {
      const accountKey = await this.#accountKey(acme)
      // An authority may take a certificate as replaced already: then the next attempt does without.
      const told = wish.info?.renewMs !== undefined && wish.failures === 0 ? wish.info.cert : undefined
      const replaces = told === undefined ? undefined : certificateId(told)
      const { cert, key } = await orderCertificate({ acme, accountKey, board, replaces })
      if (this.#closed) return
      const issued = folder.write(acmeName(acme.domains), cert, key)
      wish.failures = 0
      wish.notBeforeMs = 0
      this.orders.ok++
      log('info', `there is a new certificate for ${names}, until ${new Date(issued.expiresMs).toISOString()}`)
      await this.#options.onIssued()
    } catch (error) {
      if (this.#closed) return
      const first = this.#options.firstBackOffMs ?? firstBackOffMs
      const pauseMs = Math.min(lastBackOffMs, first * 2 ** Math.min(wish.failures, 20)) * (0.75 + Math.random() / 2)
      wish.failures++
      wish.notBeforeMs = now() + pauseMs
      this.orders.failed++
      const message = `no certificate for ${names}: ${messageOf(error)}`
      log('error', `${message}; the next attempt is in ${Math.ceil(pauseMs / 1000)} s`)
      this.#options.onFailure(acme, message)
    }
  }

  /** One account an authority. */
  async #accountKey({ directory, eab }: AcmeConfig): Promise<string> {
    const { folder } = this.#options
    const id = createHash('sha256')
      .update(`${directory} ${eab?.kid ?? ''}`)
      .digest('hex')
      .slice(0, 16)
    const name = `acme-account-${id}.pem`
    const known = folder.readText(name)
    if (known !== undefined) return known
    const key = await createAccountKey()
    folder.writeText(name, key)
    return key
  }

  /** Undefined when another gateway holds it. */
  #lock(): (() => void) | undefined {
    const { folder } = this.#options
    const file = folder.path('acme.lock')
    mkdirSync(folder.path(), { recursive: true, mode: 0o700 })
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats && Date.now() - stats.mtimeMs > lockStaleMs) rmSync(file, { force: true })
    try {
      closeSync(openSync(file, 'wx', 0o600))
    } catch {
      return undefined
    }
    const touching = setInterval(() => touch(file), lockTouchMs)
    touching.unref()
    return () => {
      clearInterval(touching)
      rmSync(file, { force: true })
    }
  }
}

/** When a third of its life is left, a little earlier by jitter. */
export function renewAtMs({ startsMs, expiresMs }: KnownCertificate, jitter: number): number {
  const lifeMs = expiresMs - startsMs
  return expiresMs - lifeMs / 3 - lifeMs * jitter
}

/** However late an authority would have it: a tenth of the life is for what may go wrong. */
function latestMs({ startsMs, expiresMs }: KnownCertificate): number {
  return expiresMs - (expiresMs - startsMs) / 10
}

function touch(file: string): void {
  const now = new Date()
  try {
    utimesSync(file, now, now)
  } catch {
    // Taken away: the order ends all the same, and the next one takes a lock of its own.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
