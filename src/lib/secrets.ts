// Finds secrets in text by how they look: our own keys, which carry a checksum, and those of others that have a form one
// can't mistake. Linear: a prefix is searched as a plain text, and what follows it is walked once, up to a bound. For
// files and responses; what is stored or printed is masked elsewhere, and more generously.

import { isCheckedToken } from './checked-token.ts'

export const secretGroups = ['merlon', 'vendors', 'privateKeys', 'urls', 'jwt'] as const
export type SecretGroup = (typeof secretGroups)[number]

export interface FoundSecret {
  /** `merlon API key`, `GitHub token`. */
  readonly kind: string
  readonly group: SecretGroup
  /** In units of the text. */
  readonly start: number
  /** Where what tells the kind is over, and what is secret begins. */
  readonly shownEnd: number
  readonly end: number
}

/** The longest that is looked at; who reads piece by piece keeps this much of the piece before. */
export const secretLengthMax = 4096

type CharClass = (code: number) => boolean

interface Form {
  readonly kind: string
  readonly group: SecretGroup
  readonly prefix: string
  /** Characters after the prefix, and how many. */
  readonly chars: CharClass
  readonly min: number
  readonly max: number
  /** A last look at the whole. */
  readonly isOne?: (text: string) => boolean
}

const isDigit: CharClass = c => c >= 0x30 && c <= 0x39
const isUpper: CharClass = c => c >= 0x41 && c <= 0x5a
const isAlnum: CharClass = c => isDigit(c) || isUpper(c) || (c >= 0x61 && c <= 0x7a)
const isUpperAlnum: CharClass = c => isDigit(c) || isUpper(c)
const isHex: CharClass = c => isDigit(c) || (c >= 0x61 && c <= 0x66)
const isWord: CharClass = c => isAlnum(c) || c === 0x5f
const isUrlSafe: CharClass = c => isWord(c) || c === 0x2d
const isDotted: CharClass = c => isUrlSafe(c) || c === 0x2e
const isBase64: CharClass = c => isAlnum(c) || c === 0x2b || c === 0x2f || c === 0x3d
/** Of a URL up to the end of its authority. */
const isAuthority: CharClass = c =>
  c > 0x20 && c < 0x7f && c !== 0x2f && c !== 0x22 && c !== 0x27 && c !== 0x3c && c !== 0x3e
const isPemLabel: CharClass = c => isUpper(c) || c === 0x20 || c === 0x2d

function vendor(kind: string, prefix: string, chars: CharClass, min: number, max = min): Form {
  return { kind, group: 'vendors', prefix, chars, min, max }
}

const forms: readonly Form[] = [
  { kind: 'Merlon API key', group: 'merlon', prefix: 'mk_', chars: isWord, min: 20, max: 80, isOne: isCheckedToken },
  {
    kind: 'Merlon client secret',
    group: 'merlon',
    prefix: 'mcs_',
    chars: isWord,
    min: 40,
    max: 80,
    isOne: isCheckedToken,
  },
  vendor('AWS access key', 'AKIA', isUpperAlnum, 16),
  vendor('AWS access key', 'ASIA', isUpperAlnum, 16),
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map(prefix => vendor('GitHub token', prefix, isAlnum, 36, 255)),
  vendor('GitHub token', 'github_pat_', isWord, 60, 255),
  vendor('GitLab token', 'glpat-', isDotted, 20, 255),
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-'].map(prefix => vendor('Slack token', prefix, isUrlSafe, 20, 255)),
  ...['sk_live_', 'rk_live_'].map(prefix => vendor('Stripe key', prefix, isAlnum, 24, 255)),
  vendor('Google API key', 'AIza', isUrlSafe, 35),
  vendor('npm token', 'npm_', isAlnum, 36),
  vendor('PyPI token', 'pypi-AgEIcHlwaS5vcmc', isUrlSafe, 50, 1024),
  vendor('SendGrid key', 'SG.', isDotted, 66),
  vendor('DigitalOcean token', 'dop_v1_', isHex, 64),
  vendor('Docker token', 'dckr_pat_', isUrlSafe, 27, 64),
  vendor('Shopify token', 'shpat_', isHex, 32),
  vendor('Vault token', 'hvs.', isUrlSafe, 24, 255),
  vendor('Azure storage key', 'AccountKey=', isBase64, 88),
  vendor('age key', 'AGE-SECRET-KEY-1', isUpperAlnum, 58),
  {
    kind: 'private key',
    group: 'privateKeys',
    prefix: '-----BEGIN ',
    chars: isPemLabel,
    min: 16,
    max: 48,
    isOne: text => text.endsWith('PRIVATE KEY-----') || text.endsWith('PRIVATE KEY BLOCK-----'),
  },
  {
    kind: 'password in a URL',
    group: 'urls',
    prefix: '://',
    chars: isAuthority,
    min: 5,
    max: 512,
    // Placeholders are what documents show: `://user:${PASSWORD}@`, `://user:***@`.
    isOne: text => /^:\/\/[^:@]{0,128}:[^:@${}*[\]]{3,256}@[A-Za-z0-9[]/.test(text),
  },
  {
    kind: 'JWT',
    group: 'jwt',
    prefix: 'eyJ',
    chars: isDotted,
    min: 30,
    max: secretLengthMax - 3,
    isOne: text => /^[\w-]{10,2048}\.eyJ[\w-]{4,4096}\.[\w-]{10,1024}$/.test(text),
  },
]

/** Secrets of these groups, in order, at most `max`. */
export function findKnownSecrets(text: string, groups: ReadonlySet<SecretGroup>, max: number): FoundSecret[] {
  const found: FoundSecret[] = []
  for (const form of forms) {
    if (!groups.has(form.group)) continue
    let count = 0
    const run = { end: 0 }
    for (let at = text.indexOf(form.prefix); at >= 0 && count < max; ) {
      const end = endOf(text, at, form, run)
      if (end > 0) {
        found.push({ kind: form.kind, group: form.group, start: at, shownEnd: at + form.prefix.length, end })
        count++
      }
      at = text.indexOf(form.prefix, end > 0 ? end : at + form.prefix.length)
    }
  }
  return found.sort((a, b) => a.start - b.start).slice(0, max)
}

/**
 * From where on a text may hold a secret whose rest has not come yet; its length when nowhere. Never further back than
 * `secretOpenMax`, and not before `from`.
 */
export function openSecretStart(text: string, groups: ReadonlySet<SecretGroup>, from = 0): number {
  let open = text.length
  for (const form of forms) if (groups.has(form.group)) open = Math.min(open, openStartOf(text, form, from))
  return open
}

/** A prefix with the longest that may follow it. */
export const secretOpenMax = Math.max(...forms.map(({ prefix, max }) => prefix.length + max))

function openStartOf(text: string, { prefix, chars, max }: Form, from: number): number {
  // What may belong to it, backwards from the end.
  const first = Math.max(0, text.length - max)
  let runStart = text.length
  while (runStart > first && chars(text.charCodeAt(runStart - 1))) runStart--
  for (let at = text.indexOf(prefix, Math.max(from, runStart - prefix.length)); at >= 0; ) {
    if (at + prefix.length >= runStart && !isInsideWord(text, at, prefix)) return at
    at = text.indexOf(prefix, at + 1)
  }
  for (let length = Math.min(prefix.length - 1, text.length - from); length > 0; length--) {
    const at = text.length - length
    if (text.endsWith(prefix.slice(0, length)) && !isInsideWord(text, at, prefix)) return at
  }
  return text.length
}

/** A longer word that only holds the prefix is no secret. */
function isInsideWord(text: string, start: number, prefix: string): boolean {
  return start > 0 && isWord(prefix.charCodeAt(0)) && isWord(text.charCodeAt(start - 1))
}

/**
 * Where the secret that starts here ends; 0 when there is none. What follows a prefix is walked once, also when it holds
 * the prefix again and again: `run` remembers how far it goes.
 */
function endOf(text: string, start: number, { prefix, chars, min, max, isOne }: Form, run: { end: number }): number {
  if (isInsideWord(text, start, prefix)) return 0
  const from = start + prefix.length
  if (run.end <= from) {
    run.end = from
    while (run.end < text.length && chars(text.charCodeAt(run.end))) run.end++
  }
  const { end } = run
  if (end - from < min || end - from > max) return 0
  return isOne === undefined || isOne(text.slice(start, end)) ? end : 0
}

/** Enough to find it again, not enough to use it. */
export function hintOfSecret(secret: string): string {
  const shown = secret.startsWith('mk_') ? secret.indexOf('_', 3) + 5 : secret.startsWith('-----') ? 32 : 8
  return secret.length <= shown ? secret : `${secret.slice(0, shown)}…`
}
