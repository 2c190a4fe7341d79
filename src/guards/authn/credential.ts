// Finds the one credential of a request. Two are refused: we and the upstream could each believe another one.

import type { ByteString } from '../../lib/bytes.ts'
import type { HeaderList } from '../../pipeline/headers.ts'
import type { Scheme } from './refusal.ts'

export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly scheme: Scheme; readonly value: string }
  | { readonly kind: 'apiKey'; readonly value: string }
  | { readonly kind: 'signature' }
  | { readonly kind: 'bad'; readonly why: string }

/** Where credentials and their proofs stand. */
export const credentialHeaders: readonly string[] = [
  'authorization',
  'x-api-key',
  'dpop',
  'signature',
  'signature-input',
]

const schemes: ReadonlyMap<string, Scheme> = new Map([
  ['bearer', 'Bearer'],
  ['dpop', 'DPoP'],
])

const none: Credential = { kind: 'none' }

/**
 * @param takesSignatures Whether a signature counts as one; else its headers are the upstream's business.
 * @param inQuery Keys that stand in the query, where that is allowed.
 */
export function credentialOf(
  headers: HeaderList,
  takesSignatures: boolean,
  inQuery: readonly string[] = [],
): Credential {
  const found = withQuery(tokenOrKey(headers), inQuery)
  if (!takesSignatures || headers.get('signature-input') === undefined || found.kind === 'bad') return found
  return found.kind === 'none' ? { kind: 'signature' } : { kind: 'bad', why: 'more than one credential' }
}

/** All that the query says under a name, however the name is written: the upstream may read any of them. */
export function valuesIn(query: ByteString, name: string): readonly string[] {
  const values: string[] = []
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if (decoded(equals < 0 ? pair : pair.slice(0, equals)) === name)
      values.push(equals < 0 ? '' : decoded(pair.slice(equals + 1)))
  }
  return values
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function withQuery(found: Credential, [key, ...more]: readonly string[]): Credential {
  if (key === undefined || found.kind === 'bad') return found
  if (found.kind !== 'none' || more.length > 0) return { kind: 'bad', why: 'more than one credential' }
  return key === '' ? none : { kind: 'apiKey', value: key }
}

function tokenOrKey(headers: HeaderList): Credential {
  const authorization = headers.getAll('authorization')
  const apiKeys = headers.getAll('x-api-key')
  if (authorization.length + apiKeys.length > 1) return { kind: 'bad', why: 'more than one credential' }
  const [key] = apiKeys
  if (key !== undefined) return key === '' ? none : { kind: 'apiKey', value: key }
  const [header] = authorization
  if (header === undefined) return none
  // Another scheme (Basic, Digest) is the upstream's business and proves nothing here.
  const space = header.indexOf(' ')
  const scheme = schemes.get(header.slice(0, space).toLowerCase())
  if (scheme === undefined) return none
  const value = header.slice(space + 1).trim()
  // RFC 6750 §2.1: b64token.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(value)) return { kind: 'bad', why: 'the Authorization header is malformed' }
  if (scheme === 'Bearer' && value.startsWith('mk_')) return { kind: 'apiKey', value }
  return { kind: 'token', scheme, value }
}
