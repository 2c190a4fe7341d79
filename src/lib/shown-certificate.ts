// A client certificate on its way from a worker, which has seen and verified it, to a service of our own, which must know
// whose it is: one header, which workers write and nobody else can.

/** Of requests to services of our own. What comes from outside under this name is dropped. */
export const certificateHeader = 'merlon-client-certificate'

export interface ShownCertificate {
  /** `C=DE, O=Example, CN=billing` */
  readonly subject: string
  /** `DNS:a.example`, `URI:spiffe://example/billing`. */
  readonly names: readonly string[]
  /** The certificate itself (DER), in base64. */
  readonly der: string
}

export function writeCertificate({ subject, names, der }: ShownCertificate): string {
  return Buffer.from(JSON.stringify({ subject, names, der })).toString('base64url')
}

export function readCertificate(header: string | undefined): ShownCertificate | undefined {
  if (header === undefined || header === '') return undefined
  return JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as ShownCertificate
}
