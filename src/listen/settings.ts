// How a listener listens: in the clear or over TLS, with what certificates, behind a PROXY header or not. Plain data,
// made by the main thread and posted to the workers; a listener takes new ones while it serves.

import type { CertificateRule } from '../pipeline/certificate-rule.ts'

export interface ListenerSettings {
  /** Connections begin with a PROXY header; only trusted proxies may connect. */
  readonly proxyProtocol: boolean
  /** Over TLS for who asks for it; in the clear for who begins with it. */
  readonly http2: boolean
  /** Undefined: plain HTTP. */
  readonly tls: TlsSettings | undefined
  /** Sends every request to https on this port. */
  readonly redirectPort: number | undefined
  readonly challenges: Challenges
  /** Client certificates that routes demand, by name of the rule. */
  readonly certificateRules?: Readonly<Record<string, CertificateRule>>
}

export interface TlsSettings {
  /** The first one whose names fit the client's wish is shown; the first of all when none does. */
  readonly certificates: readonly Certificate[]
  /** Client certificates; undefined: none are asked for. */
  readonly clients: ClientCertificates | undefined
  /** 48 bytes, the same on all workers, so that a session can go on at any of them. */
  readonly ticketKeys: Uint8Array
  /** Seconds for Strict-Transport-Security; 0: no such header. */
  readonly hstsSeconds: number
}

export interface Certificate {
  /** Lower case: `api.example.com`, `*.example.com`. */
  readonly names: readonly string[]
  /** PEM, the chain after the certificate. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

export interface ClientCertificates {
  /** PEM: who may sign them. */
  readonly ca: string
  /** PEM: those that were taken back. */
  readonly crl: string | undefined
  /** `require` refuses the handshake without a good one. */
  readonly mode: 'request' | 'require'
  /**
   * Where routes have authorities of their own, `ca` holds them too and `crl` is unused: this says which certificates
   * are good for the listener; undefined: none is, by itself.
   */
  readonly own?: CertificateRule | 'none'
}

/** Answers for a certificate authority that looks whether a name is ours. */
export interface Challenges {
  /** HTTP-01 (RFC 8555 §8.3): token → key authorization. */
  readonly http: Readonly<Record<string, string>>
  /** TLS-ALPN-01 (RFC 8737): a certificate a name. */
  readonly alpn: readonly Certificate[]
}

export const plainSettings: ListenerSettings = {
  proxyProtocol: false,
  http2: false,
  tls: undefined,
  redirectPort: undefined,
  challenges: { http: {}, alpn: [] },
}

/** The first certificate for a name: `*.example.com` stands for one label (RFC 9525 §6.3). */
export function certificateFor(certificates: readonly Certificate[], serverName: string): Certificate | undefined {
  const dot = serverName.indexOf('.')
  const wildcard = dot > 0 ? `*${serverName.slice(dot)}` : ''
  const exact = certificates.find(({ names }) => names.includes(serverName))
  return exact ?? certificates.find(({ names }) => names.includes(wildcard))
}
