// Passkeys (WebAuthn): made and used in a browser at the origin of the issuer. The authenticator always checks who holds
// it (user verification) and keeps the key discoverable, so that a passkey is enough by itself, without name or password.

import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { parseIp } from '../../lib/ip.ts'
import { AccountFailure } from '../failure.ts'
import type { UserDirectory } from './directory.ts'
import { keepingOne, mayAddFactor, type Passkey, type StoredUser } from './user.ts'

/** EdDSA, ES256 and RS256 (COSE), which every authenticator has one of. */
const algorithms = [-8, -7, -257]
export const passkeysMax = 20
/** No browser's answer is longer. */
const answerCharactersMax = 16 * 1024

/** What a browser answered, and to what. */
export interface PasskeyAnswer {
  readonly answer: string
  readonly challenge: string
  readonly issuer: string
}

export class Passkeys {
  readonly #directory: UserDirectory
  readonly #now: () => number

  constructor(directory: UserDirectory, now: () => number) {
    this.#directory = directory
    this.#now = now
  }

  async offer(user: StoredUser, issuer: string, title: string): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return generateRegistrationOptions({
      rpName: title,
      rpID: new URL(issuer).hostname,
      userName: user.username,
      userID: Uint8Array.from(Buffer.from(user.userId)),
      attestationType: 'none',
      excludeCredentials: user.passkeys.map(({ id, transports }) => ({ id, transports: [...transports] })),
      supportedAlgorithmIDs: algorithms,
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
  }

  /**
   * @throws AccountFailure when the answer of the browser is not one to this challenge, or the user has a second factor
   * that was not shown
   */
  async add(
    user: StoredUser,
    { answer, challenge, issuer }: PasskeyAnswer,
    name: string,
    hasShownFactor: boolean,
  ): Promise<Passkey> {
    const response = parsed<RegistrationResponseJSON>(answer)
    const result =
      response &&
      (await attempt(() =>
        verifyRegistrationResponse({
          response,
          expectedChallenge: challenge,
          expectedOrigin: issuer,
          expectedRPID: new URL(issuer).hostname,
          requireUserVerification: true,
          supportedAlgorithmIDs: algorithms,
        }),
      ))
    if (!result?.verified) throw new AccountFailure('invalid', 'the passkey was not made: try again')
    const { credential, credentialDeviceType } = result.registrationInfo
    const passkey: Passkey = {
      id: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: credential.transports ?? [],
      synced: credentialDeviceType === 'multiDevice',
      name,
      createdAtMs: this.#now(),
    }
    await this.#directory.change(user.userId, data => {
      mayAddFactor(data, hasShownFactor)
      return { ...data, passkeys: withPasskey(data.passkeys, passkey) }
    })
    return passkey
  }

  /** For one user, or for whoever holds a passkey of this site. */
  ask(issuer: string, user: StoredUser | undefined): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const own = user?.passkeys.map(({ id, transports }) => ({ id, transports: [...transports] }))
    return generateAuthenticationOptions({
      rpID: new URL(issuer).hostname,
      userVerification: 'required',
      ...(own && { allowCredentials: own }),
    })
  }

  /** Who it was, and with which passkey; undefined when it proves nothing. */
  async use(
    answer: string,
    challenge: string,
    issuer: string,
  ): Promise<{ readonly user: StoredUser; readonly passkey: Passkey } | undefined> {
    const response = parsed<AuthenticationResponseJSON>(answer)
    const handle = response?.response?.userHandle
    if (!response || typeof handle !== 'string') return undefined
    const user = await this.#directory.get(Buffer.from(handle, 'base64url').toString('utf8'))
    const passkey = user?.passkeys.find(({ id }) => id === response.id)
    if (!user || !passkey) return undefined
    const result = await attempt(() =>
      verifyAuthenticationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: issuer,
        expectedRPID: new URL(issuer).hostname,
        requireUserVerification: true,
        credential: {
          id: passkey.id,
          publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
          counter: passkey.counter,
        },
      }),
    )
    if (!result?.verified) return undefined
    const { newCounter } = result.authenticationInfo
    await this.#directory.change(user.userId, data => ({
      ...data,
      passkeys: data.passkeys.map(it =>
        it.id === passkey.id ? { ...it, counter: newCounter, lastUsedAtMs: this.#now() } : it,
      ),
    }))
    return { user, passkey }
  }

  /** @throws AccountFailure when it is the last of a user who must have a second factor */
  async remove(userId: string, id: string, mustKeepOne: boolean): Promise<void> {
    await this.#directory.change(userId, data =>
      keepingOne({ ...data, passkeys: data.passkeys.filter(it => it.id !== id) }, mustKeepOne),
    )
  }
}

/** @throws AccountFailure when it is known, or one too many */
export function withPasskey(passkeys: readonly Passkey[], passkey: Passkey): readonly Passkey[] {
  if (passkeys.some(({ id }) => id === passkey.id)) throw new AccountFailure('conflict', 'it is known already')
  if (passkeys.length >= passkeysMax) {
    throw new AccountFailure('conflict', `there are ${passkeysMax} passkeys already: remove one first`)
  }
  return [...passkeys, passkey]
}

/** Browsers make passkeys for names alone, never for addresses. */
export function canHavePasskeys(issuer: string): boolean {
  return parseIp(new URL(issuer).hostname.replace(/^\[|\]$/g, '')) === undefined
}

function parsed<Answer extends { readonly id: unknown }>(text: string): Answer | undefined {
  if (text.length > answerCharactersMax) return undefined
  try {
    const value = JSON.parse(text) as Answer | null
    return typeof value === 'object' && value !== null && typeof value.id === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** The library throws for whatever an answer has wrong. */
async function attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch {
    return undefined
  }
}
