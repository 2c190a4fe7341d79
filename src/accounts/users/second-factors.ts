// What proves who somebody is besides a password: codes of an authenticator app (TOTP, RFC 6238) and recovery codes. An
// app's code counts once, and only within a step of its time; a recovery code counts once.

import { generateSecret, generateURI, verifySync } from 'otplib'
import { randomBase62 } from '../../lib/checked-token.ts'
import { AccountFailure } from '../failure.ts'
import type { Keyring } from '../keyring.ts'
import type { UserDirectory } from './directory.ts'
import { keepingOne, mayAddFactor, type StoredUser } from './user.ts'

const periodS = 30
/** Clocks of telephones are this far off at the most: one step before and one after. */
const totpDriftS = periodS
export const recoveryCodesCount = 10
const recoveryBits = 80

export interface TotpOffer {
  /** Base 32, as apps take it. */
  readonly secret: string
  /** `otpauth://…`, which apps read as a link or a picture. */
  readonly uri: string
}

export class SecondFactors {
  readonly #directory: UserDirectory
  readonly #keyring: Keyring
  readonly #now: () => number

  constructor(directory: UserDirectory, keyring: Keyring, now: () => number) {
    this.#directory = directory
    this.#keyring = keyring
    this.#now = now
  }

  offerTotp(username: string, title: string): TotpOffer {
    const secret = generateSecret()
    return { secret, uri: generateURI({ issuer: title, label: username, secret }) }
  }

  /**
   * Takes an app into use when it shows the right code; false when it does not.
   * @throws AccountFailure when there is an app already, or another factor that was not shown
   */
  async addTotp(userId: string, secret: string, code: string, hasShownFactor: boolean): Promise<boolean> {
    const step = this.#stepOf(secret, code, undefined)
    if (step === undefined) return false
    const sealed = this.#keyring.seal(secret, placeOf(userId))
    const totp = { sealed, createdAtMs: this.#now(), lastStep: step }
    await this.#directory.change(userId, data => {
      mayAddFactor(data, hasShownFactor)
      if (data.totp) throw new AccountFailure('conflict', 'remove the app that is set up first')
      return { ...data, totp }
    })
    return true
  }

  /** True once for a code, whoever sends it at the same time. */
  async useTotp(user: StoredUser, code: string): Promise<boolean> {
    if (!user.totp) return false
    const secret = this.#keyring.open(user.totp.sealed, placeOf(user.userId))
    if (secret === undefined)
      throw new Error(`the authenticator of ${user.userId} can't be opened with this master key`)
    const step = this.#stepOf(secret, code, user.totp.lastStep)
    if (step === undefined) return false
    let taken = false
    await this.#directory.change(user.userId, data => {
      taken = data.totp !== undefined && data.totp.sealed === user.totp?.sealed && data.totp.lastStep < step
      return taken && data.totp ? { ...data, totp: { ...data.totp, lastStep: step } } : data
    })
    return taken
  }

  /** @throws AccountFailure when it is the last of a user who must have one */
  async removeTotp(userId: string, mustKeepOne: boolean): Promise<void> {
    await this.#directory.change(userId, ({ totp: _, ...data }) => keepingOne(data, mustKeepOne))
  }

  /** New ones; those before them are void. */
  async createRecoveryCodes(userId: string): Promise<readonly string[]> {
    const codes = Array.from({ length: recoveryCodesCount }, () => {
      const text = randomBase62(recoveryBits)
      return `${text.slice(0, 5)}-${text.slice(5, 10)}-${text.slice(10)}`
    })
    const recovery = codes.map(code => this.#hashOf(code))
    await this.#directory.change(userId, data => ({ ...data, recovery }))
    return codes
  }

  /** True once for a code. */
  async useRecoveryCode(userId: string, code: string): Promise<boolean> {
    if (code.length > 64) return false
    const hash = this.#hashOf(code)
    let used = false
    await this.#directory.change(userId, data => {
      used = data.recovery.includes(hash)
      return used ? { ...data, recovery: data.recovery.filter(it => it !== hash) } : data
    })
    return used
  }

  #stepOf(secret: string, code: string, after: number | undefined): number | undefined {
    const token = code.replace(/[\s-]/g, '')
    if (!/^\d{6}$/.test(token)) return undefined
    const epoch = Math.floor(this.#now() / 1000)
    // otplib throws for a step before its window; the window says all that we want to know.
    const result = verifySync({ secret, token, epoch, epochTolerance: totpDriftS })
    if (!result.valid || !('timeStep' in result)) return undefined
    return after === undefined || result.timeStep > after ? result.timeStep : undefined
  }

  #hashOf(code: string): string {
    return this.#keyring.hash(`recovery:${code.trim().replace(/[\s-]/g, '')}`)
  }
}

function placeOf(userId: string): string {
  return `user-totp/${userId}`
}
