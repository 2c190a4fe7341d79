// An event of a sign-in that did not go as it should: a wrong password, guesses that were slowed, a token that came back.

import type { StoredEvent } from '../store/store.ts'

interface Report {
  readonly code: `accounts.${string}`
  /** The user or the grant it was about, by its id; empty when that is nobody. */
  readonly about: string
  readonly clientIp: string
}

export function signInEvent({ code, about, clientIp }: Report, reference: string, nowMs: number): StoredEvent {
  const guard = 'accounts'
  const event = {
    '@timestamp': new Date(nowMs).toISOString(),
    event: { id: reference, action: 'deny', outcome: 'failure', category: ['authentication'] },
    ...(clientIp !== '' && { client: { ip: clientIp } }),
    ...(about.startsWith('usr_') && { user: { id: about } }),
    merlon: { reference, guard, code, ...(about !== '' && { about }), findings: [] },
  }
  return { reference, timeMs: nowMs, action: 'deny', guard, clientIp, path: '', json: JSON.stringify(event) }
}
