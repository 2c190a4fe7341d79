// Who asks, as workers tell a service of our own in a header. Nobody else can: what a client sends under such a name is
// dropped, and the service listens where workers alone reach it.

export const principalHeader = 'merlon-principal'

export interface ToldPrincipal {
  readonly kind: string
  readonly id: string
  readonly clientId: string
  /** Who vouches for it: ids of two issuers may be the same. */
  readonly issuer: string
  readonly grantId?: string
}

export function writePrincipal({ kind, id, clientId, issuer, grantId }: ToldPrincipal): string {
  return Buffer.from(JSON.stringify({ kind, id, clientId, issuer, grantId })).toString('base64url')
}

/** Undefined when nobody was told of. */
export function readPrincipal(value: string | string[] | undefined): ToldPrincipal | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  return JSON.parse(Buffer.from(value, 'base64url').toString()) as ToldPrincipal
}
