// What a client is told when it is not let in: as little as RFC 6750 §3, RFC 9449 §7.1 and RFC 9470 §3 want. Why stands in the event.

import type { Verdict } from '../../pipeline/verdict.ts'
import { proofAlgorithms } from './dpop.ts'

type Code = `authn.${
  | 'missing'
  | 'invalid-request'
  | 'invalid-token'
  | 'expired'
  | 'invalid-key'
  | 'invalid-proof'
  | 'invalid-signature'
  | 'invalid-certificate'
  | 'nonce'
  | 'binding'
  | 'canary'
  | 'scope'
  | 'step-up'}`

export type Scheme = 'Bearer' | 'DPoP' | 'Signature'

export interface Refusal {
  readonly status?: number
  /** None when there was no credential, because nothing was wrong with it. */
  readonly error?: string
  readonly scope?: string
  /** How a person must have been authenticated (RFC 9470 §3). */
  readonly stepUp?: { readonly acr: readonly string[]; readonly maxAgeMs: number | undefined }
  /** What is asked for: `WWW-Authenticate` names each. */
  readonly schemes?: readonly Scheme[]
  readonly isIncident?: true
  /** A nonce to use from now on. */
  readonly nonce?: string
}

/** RFC 9421 §5.1: what is to be signed. */
const wantedSignature = 'sig=("@method" "@authority" "@path" "@query" "content-digest");created;keyid;nonce'

const bearer: readonly Scheme[] = ['Bearer']

export function refuse(code: Code, detail: string, refusal: Refusal): Verdict {
  const { status = 401, error, scope, stepUp, schemes = bearer, nonce, isIncident } = refusal
  const headers = schemes.flatMap(scheme => {
    const parts = ['realm="api"']
    if (error !== undefined) parts.push(`error="${error}"`)
    if (scope !== undefined) parts.push(`scope="${scope}"`)
    if (stepUp && stepUp.acr.length > 0) parts.push(`acr_values="${stepUp.acr.join(' ')}"`)
    if (stepUp?.maxAgeMs !== undefined) parts.push(`max_age="${Math.floor(stepUp.maxAgeMs / 1000)}"`)
    if (scheme === 'DPoP') parts.push(`algs="${proofAlgorithms.join(' ')}"`)
    return ['www-authenticate', `${scheme} ${parts.join(', ')}`]
  })
  if (schemes.includes('Signature')) headers.push('accept-signature', wantedSignature)
  if (nonce !== undefined) headers.push('dpop-nonce', nonce)
  return { kind: 'deny', status, headers, reason: { code, detail, ...(isIncident && { isIncident }) } }
}
