// Where users may be sent back to after they signed in, and which grants of a client go together.

import { z } from 'zod'
import type { NewClient } from './clients.ts'

function redirectProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url) return 'is no URL: write https://app.example.com/callback'
  if (url.hash !== '' || text.includes('#')) return 'must have no part after #'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  if (/[*\s]/.test(text)) return 'must be one address, without wildcards'
  switch (url.protocol) {
    case 'https:':
      return undefined
    case 'http:':
      return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
        ? undefined
        : 'must be https: http is for loopback addresses only'
    default:
      // RFC 8252 §7.1: a domain name in reverse, so that no two apps have the same by accident.
      return /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(url.protocol)
        ? undefined
        : 'must be https, or the scheme of an app in the form com.example.app:/callback'
  }
}

export const redirectUri = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const message = redirectProblem(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: text })
  })

/** What is wrong with what was asked for together. */
export function grantsProblem({ grants, redirectUris = [], logoutUris = [], auth }: NewClient): string | undefined {
  const hasCode = grants.includes('authorization_code')
  if (hasCode && redirectUris.length === 0) return 'redirectUris: authorization_code needs at least one'
  if (!hasCode && redirectUris.length > 0) return 'redirectUris: only authorization_code has them'
  if (!hasCode && logoutUris.length > 0) return 'logoutUris: only authorization_code has them'
  if (grants.includes('refresh_token') && !hasCode && !grants.includes('device_code')) {
    return 'grants: refresh_token comes with authorization_code or device_code'
  }
  if (auth?.method === 'none' && grants.includes('client_credentials'))
    return 'grants: client_credentials needs a secret'
  return undefined
}
