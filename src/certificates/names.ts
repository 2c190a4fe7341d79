// What certificates are called in the state folder, and what they are for.

import type { Certificate } from '../listen/settings.ts'

/** The name under which an authority's certificate is kept. */
export function acmeName(domains: readonly string[]): string {
  const first = domains[0]?.replace('*', '_')
  return `acme-${first}${domains.length > 1 ? `-and-${domains.length - 1}-more` : ''}`
}

export function covers({ names }: Certificate, wanted: readonly string[]): boolean {
  return wanted.every(name => names.includes(name))
}
