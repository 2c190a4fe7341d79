/** A sign-in that did not go as it should; goes to the security events. */
export interface SignInReport {
  readonly code: `accounts.${'sign-in-failed' | 'sign-in-slowed' | 'token-reuse'}`
  /** The user or the grant it was about, by its id; empty for names that belong to nobody, which are not written down. */
  readonly about: string
  /** Empty when nobody says. */
  readonly clientIp: string
}
