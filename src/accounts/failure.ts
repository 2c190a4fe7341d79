/** What was asked of the accounts can't be done, in words for who asked. */
export class AccountFailure extends Error {
  override readonly name = 'AccountFailure'
  /** `busy`: it could be done, but not now. */
  readonly code: 'not-found' | 'conflict' | 'invalid' | 'busy'

  constructor(code: AccountFailure['code'], message: string) {
    super(message)
    this.code = code
  }
}
