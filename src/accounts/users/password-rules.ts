// Which passwords are taken (NIST SP 800-63B §5.1.1.2): long enough, not one that everybody guesses first, not one that
// is known from a breach. No rules about capitals and signs: they make passwords worse.

import { createHash } from 'node:crypto'
import { AccountFailure } from '../failure.ts'
import { isCommonPassword } from './common-passwords.ts'

/** What goes into the hash is bounded, well above what anybody types. */
export const passwordCharactersMax = 256

export interface PasswordRules {
  readonly charactersMin: number
  /** A service that answers to the first five digits of a SHA-1 (`GET URL/ABCDE`); none is asked when absent. */
  readonly breached: string | undefined
}

export const defaultPasswordRules: PasswordRules = { charactersMin: 10, breached: undefined }

const askTimeoutMs = 3000
const answerBytesMax = 1024 * 1024

/** @throws AccountFailure with what is wrong with it, in words for who chose it */
export async function checkNewPassword(
  password: string,
  names: readonly (string | undefined)[],
  rules: PasswordRules,
  onProblem: (message: string) => void,
): Promise<void> {
  const refuse = (why: string): never => {
    throw new AccountFailure('invalid', `the password ${why}`)
  }
  const characters = [...password].length
  if (characters < rules.charactersMin) refuse(`must have at least ${rules.charactersMin} characters`)
  if (characters > passwordCharactersMax) refuse(`must have at most ${passwordCharactersMax} characters`)
  if (isCommonPassword(password)) refuse('is one that is guessed first: choose another')
  if (holdsName(password, names)) refuse('must not be made of the name of its owner')
  if (rules.breached !== undefined && (await isBreached(password, rules.breached, onProblem))) {
    refuse('is known from a breach of another site: choose another')
  }
}

function holdsName(password: string, names: readonly (string | undefined)[]): boolean {
  const text = password.toLowerCase()
  return names
    .flatMap(name => (name === undefined ? [] : [name.toLowerCase(), name.toLowerCase().split('@', 1)[0] ?? '']))
    .some(name => name.length >= 4 && text.includes(name) && text.length - name.length < 6)
}

/** The service learns five digits of a hash, which thousands of passwords share. What can't be reached knows nothing. */
async function isBreached(password: string, url: string, onProblem: (message: string) => void): Promise<boolean> {
  const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/${digest.slice(0, 5)}`, {
      // Padding hides from who watches the line how many passwords share the digits.
      headers: { 'add-padding': 'true', 'user-agent': 'merlon' },
      redirect: 'error',
      signal: AbortSignal.timeout(askTimeoutMs),
    })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    const lines = (await boundedText(response)).split('\n')
    return lines.some(line => {
      const [suffix, count] = line.trim().split(':')
      return suffix?.toUpperCase() === digest.slice(5) && Number(count) > 0
    })
  } catch (error) {
    onProblem(`breached passwords were not looked up: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > answerBytesMax) throw new Error('its answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}
