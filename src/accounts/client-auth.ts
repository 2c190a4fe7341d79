// How a client proves who it is (RFC 6749 §2.3, RFC 7523, RFC 8705 §2.1), as operators give it and as it is stored.

import type { AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { publicKeyOf } from '../lib/jwk.ts'
import { webUrlProblem } from '../lib/web-url.ts'

const publicMembers = ['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e']

const jwk = z
  .looseObject({ kty: z.string() })
  .refine(key => publicKeyOf(key) !== undefined, {
    message: 'is no public key that can be used: EC, Ed25519, or RSA of 2048 to 4096 bits, without its private half',
  })
  .transform(key => Object.fromEntries(publicMembers.flatMap(name => (name in key ? [[name, key[name]]] : []))))

const jwksUri = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const message = webUrlProblem(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: text })
  })

/** Which name of the certificate must be which; RFC 8705 §2.1.2 wants exactly one. */
const certificateName = z.strictObject({
  kind: z.enum(['dn', 'dns', 'uri', 'ip', 'email']),
  value: z.string().min(1).max(1024),
})

export const clientAuthSchema = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('client_secret') }),
  /** It can keep no secret: it runs in a browser or on a device of its user. */
  z.strictObject({ method: z.literal('none') }),
  z
    .strictObject({
      method: z.literal('private_key_jwt'),
      jwks: z.looseObject({ keys: z.array(jwk).min(1, 'holds no key').max(20) }).optional(),
      jwksUri: jwksUri.optional(),
    })
    .refine(({ jwks, jwksUri }) => (jwks === undefined) !== (jwksUri === undefined), {
      message: 'needs its keys, or where they are: one of the two',
    }),
  z.strictObject({ method: z.literal('tls_client_auth'), name: certificateName }),
])

export type ClientAuth = z.output<typeof clientAuthSchema>
export type CertificateName = z.output<typeof certificateName>

const tlsProperties = {
  dn: 'tls_client_auth_subject_dn',
  dns: 'tls_client_auth_san_dns',
  uri: 'tls_client_auth_san_uri',
  ip: 'tls_client_auth_san_ip',
  email: 'tls_client_auth_san_email',
} as const

/** As the provider knows it. */
export function authMetadata(auth: ClientAuth): AdapterPayload {
  switch (auth.method) {
    case 'client_secret':
      return {
        // What it is compared with is a hash (oauth-server.ts); this only says that there is a secret.
        client_secret: 'hashed',
        // The provider takes the secret in header or body, whichever of the two stands here.
        token_endpoint_auth_method: 'client_secret_post',
      }
    case 'none':
      return { token_endpoint_auth_method: 'none' }
    case 'private_key_jwt':
      return {
        token_endpoint_auth_method: auth.method,
        ...(auth.jwks && { jwks: { keys: auth.jwks.keys } as AdapterPayload['jwks'] }),
        ...(auth.jwksUri !== undefined && { jwks_uri: auth.jwksUri }),
      } as AdapterPayload
    case 'tls_client_auth':
      return { token_endpoint_auth_method: auth.method, [tlsProperties[auth.name.kind]]: auth.name.value }
  }
}

export function nameKindOf(property: string): CertificateName['kind'] | undefined {
  const kinds = Object.keys(tlsProperties) as CertificateName['kind'][]
  return kinds.find(kind => tlsProperties[kind] === property)
}
