// One request and what became of it. Every field is set in the constructor, in one order, so that V8 keeps one hidden
// class for all exchanges (tests/architecture checks it). Guards speak to each other only through these fields, and
// each field is written by one place, named here.

import type { ByteString } from '../lib/bytes.ts'
import type { PresentedCertificate } from './certificate-rule.ts'
import type { HeaderList } from './headers.ts'
import type { Principal } from './identity.ts'
import type { Route } from './route.ts'
import type { Finding, Verdict } from './verdict.ts'

/** Who the client is by network; made by client/identify.ts. */
export interface Client {
  /** Canonical text of the address after trusted proxies are taken off. */
  readonly ip: string
  readonly ipBytes: Uint8Array
  /** What limits count by: an IPv4 address, or the /64 of an IPv6 address. */
  readonly key: string
  readonly port: number
  /** The address that the connection came from: a trusted proxy's, or the client's own. */
  readonly peerIp: string
  /** Whether the peer is a trusted proxy, so that its x-forwarded-* headers are passed on. */
  readonly peerTrusted?: boolean
  /** A trusted proxy's X-Forwarded-For and Forwarded name two different clients: one of them is made up. */
  readonly isDisputed?: boolean
  /** Whether the client's own connection was TLS, as far as a trusted proxy or our listener says. */
  readonly secure: boolean
  /** The client's own TLS connection to us; undefined without one, and for clients behind a proxy. */
  readonly tls?: ClientTls
  /** Fingerprint of the HTTP that the client speaks (listen/http-print.ts); undefined for clients behind a proxy. */
  readonly http?: string
}

/** What a TLS connection tells of its client; made by listen/. */
export interface ClientTls {
  /** `TLSv1.3` */
  readonly version: string
  /** Lower case; empty when the client named no host. */
  readonly sni: string
  /** The protocol that was agreed on; empty without ALPN. */
  readonly alpn: string
  readonly ja4: string
  /** Verified against the listener's `clientCa` or the route's `clientCert`; undefined when the client showed none that was good. */
  readonly certificate: ClientCertificate | undefined
  /** What it has shown, for routes that demand certificates of their own authorities. */
  readonly presented?: PresentedCertificate | undefined
}

export interface ClientCertificate {
  /** `C=DE, O=Example, CN=billing` */
  readonly subject: string
  /** Subject alternative names as `DNS:a.example`, `URI:spiffe://example/billing`. */
  readonly names: readonly string[]
  /** The one URI name, when it is a SPIFFE id. */
  readonly spiffeId: string | undefined
  /** SHA-256 of the certificate, in hex. */
  readonly fingerprint: string
  /** The certificate itself. */
  readonly der: Uint8Array
}

/** What was read of the request body before the decision. */
export interface RequestBody {
  /** The first bytes; all of them when `complete`. Never longer than `body.inspected`. */
  readonly bytes: Uint8Array
  readonly complete: boolean
  /** It came in a content coding, and `bytes` are what was inside. */
  readonly isDecoded?: true
}

export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  /** Flat: [name, value, …]. */
  readonly headers: HeaderList
}

export interface RequestLine {
  readonly method: ByteString
  /** Origin-form, in the path form of the route: what guards judge and what is sent. */
  readonly target: ByteString
  /** As it stood in the request line, where that is something else. */
  readonly received?: ByteString | undefined
  /** `HTTP/1.1` */
  readonly protocol: string
  readonly headers: HeaderList
  /** Address and port that the client connected to. */
  readonly localIp: string
  readonly localPort: number
}

export class Exchange {
  /** ULID; the client sees it as `reference` and `x-request-id`. */
  readonly reference: string
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number
  /** performance.now() at the start, for durations. */
  readonly startedMs: number
  readonly client: Client
  readonly request: RequestLine
  readonly headers: HeaderList
  readonly method: ByteString
  /** Path of the target without its query, as received. */
  readonly path: ByteString
  /** Query without `?`, as received; empty when there is none. */
  readonly query: ByteString
  /** Host without port, lower case. */
  readonly host: ByteString
  readonly route: Route
  /** By serve.ts, before onBody. */
  body: RequestBody
  /** By respond.ts, before onResponseHeaders. */
  response: ResponseHead | undefined
  /** By respond.ts, before onResponseBody: the start of the body, at most `limits.responseInspected`. */
  responseBody: Uint8Array | undefined
  /** By run.ts. */
  readonly findings: Finding[]
  /** By run.ts: points of all flags. */
  score: number
  /** By run.ts: the verdict that ended the request, if one was enforced. */
  verdict: Verdict | undefined
  /** By serve.ts, 101 by the destination: the status that the client got, 0 when none was sent. */
  status: number
  /** By serve.ts and the destination: why it failed, for the event. */
  failure: Error | undefined
  /** By the destination: which server answered. */
  upstream: string
  /** By serve.ts: request and response bytes that no guard has seen though a guard wanted the body. */
  uninspectedBytes: number
  /** By guards/waf: microseconds of the inspection, for events and inspect. */
  inspectUs: number
  /** By guards/lists: the operator always welcomes this address, so limits don't count it. */
  isWelcome: boolean
  /** By guards/authn: who the request speaks for, once that is proven. */
  principal: Principal | undefined
  /** By guards/authn, and for WebSockets by upstream/: names of headers that the upstream does not get. Lower case. */
  withheldHeaders: readonly string[]
  /** By the destination, where the upstream gets one: the signed statement about this request. */
  verdictToken: string | undefined
  /** By guards that answer with headers of their own (rate limits): added to whatever response is sent. Flat. */
  readonly extraHeaders: string[]
  /** By the destination: stops the upstream request. Called when the client goes away. */
  cancel: (() => void) | undefined
  /** By serve.ts, for requests with a body: what came behind it, once it has ended. Flat. */
  requestTrailers: (() => readonly string[]) | undefined
  /** By serve.ts: the client went away. */
  aborted: boolean
  /** Of a WebSocket message: the exchange that opened the WebSocket. By websocket/message-exchange.ts. */
  handshake: Exchange | undefined
  /** By guards/waf: its open transaction, so that later phases go on with it. */
  wafTransaction: unknown

  constructor(reference: string, nowMs: number, client: Client, request: RequestLine, host: ByteString, route: Route) {
    this.reference = reference
    this.startedAtMs = nowMs
    this.startedMs = performance.now()
    this.client = client
    this.request = request
    this.headers = request.headers
    this.method = request.method
    const mark = request.target.indexOf('?')
    this.path = mark < 0 ? request.target : request.target.slice(0, mark)
    this.query = mark < 0 ? '' : request.target.slice(mark + 1)
    this.host = host
    this.route = route
    this.body = noBody
    this.response = undefined
    this.responseBody = undefined
    this.findings = []
    this.score = 0
    this.verdict = undefined
    this.status = 0
    this.failure = undefined
    this.upstream = ''
    this.uninspectedBytes = 0
    this.inspectUs = 0
    this.isWelcome = false
    this.principal = undefined
    this.withheldHeaders = nothing
    this.verdictToken = undefined
    this.extraHeaders = []
    this.cancel = undefined
    this.requestTrailers = undefined
    this.aborted = false
    this.handshake = undefined
    this.wafTransaction = undefined
  }
}

const nothing: readonly string[] = Object.freeze([])

export const noBody: RequestBody = Object.freeze({ bytes: new Uint8Array(0), complete: true })
