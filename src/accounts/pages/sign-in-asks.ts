// What a sign-in is asked for: how strong it must be, what the client wants to be allowed; and how strong it is so far.

import type Provider from 'oidc-provider'
import { type AcrLevel, acrLevels } from '../../lib/acr.ts'

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** Reasons why somebody who is signed in is asked for a stronger proof (user-grants.ts). */
export const strongerReasons: readonly string[] = ['acr', 'second_factor']

/** How sure these methods make us. */
export function acrOf(amr: readonly string[]): AcrLevel {
  if (amr.includes('user')) return 'phr'
  return amr.includes('otp') || amr.includes('recovery') ? 'mfa' : '1fa'
}

/** The levels of ours that a client asked for. */
export function wantedAcr({ params }: Interaction): readonly string[] {
  return acrValues(params['acr_values'])
}

export function acrValues(value: unknown): readonly string[] {
  const known: readonly string[] = acrLevels
  return typeof value === 'string' ? value.split(' ').filter(it => known.includes(it)) : []
}

interface Missing {
  readonly missingOIDCScope?: readonly string[]
  readonly missingOIDCClaims?: string[]
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>
}

export function missingOf({ prompt }: Interaction): Missing {
  return prompt.details as Missing
}

export function askedScopes(interaction: Interaction): readonly string[] {
  const { missingOIDCScope = [], missingResourceScopes = {} } = missingOf(interaction)
  const all = [...missingOIDCScope, ...Object.values(missingResourceScopes).flat()]
  const asked = String(interaction.params['scope'] ?? '').split(' ')
  return all.length > 0 ? all : asked.filter(scope => scope !== '')
}
