/** What was asked of the accounts can't be done, in words for who asked. */
export class AccountFailure extends Error {
  override readonly name = 'AccountFailure'
  readonly code: 'not-found' | 'conflict' | 'invalid'

  constructor(code: AccountFailure['code'], message: string) {
    super(message)
    this.code = code
  }
}
