// From what the parser read to an exchange on a route.

import type { ByteString } from '../lib/bytes.ts'
import { certificateFault, refuseCertificate } from '../pipeline/certificate-rule.ts'
import { type Client, Exchange, type RequestLine } from '../pipeline/exchange.ts'
import { checkUnderscores } from '../pipeline/header-rules.ts'
import { HeaderList } from '../pipeline/headers.ts'
import { formPath } from '../pipeline/path-form.ts'
import type { Route } from '../pipeline/route.ts'
import { ambiguousPath } from '../pipeline/router.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { checkRequest } from './check-request.ts'
import type { Connection } from './connection.ts'
import type { Handler } from './handler.ts'
import { httpPrint } from './http-print.ts'
import { ownRoute } from './own-routes.ts'
import type { ListenerSettings } from './settings.ts'

/** A request as its parser gave it. */
export interface RequestHead {
  readonly method: ByteString
  readonly target: ByteString
  /** `HTTP/1.1` */
  readonly protocol: string
  /** Flat; without pseudo-headers. */
  readonly rawHeaders: readonly ByteString[]
  /** Why it is no request, where its parser knows already. */
  readonly verdict?: Verdict | undefined
  /** Of the fingerprint: how the connection was opened; `h1` unless given. */
  readonly opening?: string
}

export interface Opened {
  readonly ex: Exchange
  /** Says that the request is no request at all. */
  readonly verdict: Verdict | undefined
}

interface Demanded {
  readonly client: Client
  readonly verdict: Verdict | undefined
}

/**
 * Looks at the client certificate that a route demands. Without one, 403; but on a connection that was opened for
 * another host, which may have had no reason to show one, 421: the client is to open a new one (RFC 9110 §15.5.20).
 */
function demandCertificate(
  client: Client,
  { certificateRule }: Route,
  { certificateRules }: ListenerSettings,
  host: ByteString,
  nowMs: number,
): Demanded {
  if (certificateRule === undefined) return { client, verdict: undefined }
  const { tls } = client
  const rule = certificateRules?.[certificateRule]
  if (!tls || !rule) return { client, verdict: refuseCertificate(403, 'the route wants a certificate, over TLS') }
  if (!tls.presented) {
    const isOther = tls.sni !== '' && tls.sni !== host
    return { client, verdict: refuseCertificate(isOther ? 421 : 403, 'the client has shown no good certificate') }
  }
  const fault = certificateFault(rule, tls.presented, nowMs)
  if (fault !== undefined) return { client, verdict: refuseCertificate(403, fault) }
  const { certificate } = tls.presented
  return { client: { ...client, tls: { ...tls, certificate } }, verdict: undefined }
}

export function openExchange(
  head: RequestHead,
  connection: Connection,
  handler: Handler,
  settings: ListenerSettings,
  reference: string,
  nowMs: number,
): Opened {
  const { method, protocol, rawHeaders } = head
  const checked = checkRequest(method, head.target, protocol, rawHeaders, handler.limits)
  const { target, host } = checked
  const headers = new HeaderList(rawHeaders)
  const fault = head.verdict ?? checked.verdict
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const own = fault ? undefined : ownRoute(settings, path, host, handler.fallback)
  const found = fault ? undefined : (own ?? handler.match(method, host, path, headers))
  const route = found === 'ambiguous' || found === undefined ? handler.fallback : found
  const formed = formPath(path, route.paths)
  const known = handler.identify.client(connection.peerFor(handler.identify), headers)
  const demanded = demandCertificate(known, route, settings, host, nowMs)
  // A proxy writes its requests by itself.
  const isProxys = demanded.client.peerTrusted === true
  const http = isProxys ? {} : { http: httpPrint(head.opening ?? 'h1', rawHeaders) }
  const client = { ...demanded.client, ...http }
  const formVerdict = formed.ok ? undefined : formed.verdict
  const verdict =
    found === 'ambiguous'
      ? ambiguousPath
      : (fault ?? formVerdict ?? checkUnderscores(headers, route.headers) ?? demanded.verdict)
  const { localAddress, localPort } = connection.ends
  const sent = formed.ok && formed.path !== path ? formed.path + target.slice(path.length) : target
  const received = sent === head.target ? undefined : head.target
  const request: RequestLine = {
    method,
    target: sent,
    received,
    protocol,
    headers,
    localIp: localAddress,
    localPort,
  }
  const ex = new Exchange(reference, nowMs, client, request, host, route)
  const hsts = connection.secure ? settings.tls?.hstsSeconds : 0
  if (hsts) ex.extraHeaders.push('strict-transport-security', `max-age=${hsts}`)
  return { ex, verdict }
}

/** Where there is no request there is still a client and a reference, and an event wants both. */
export function openFaultExchange(
  connection: Connection,
  handler: Handler,
  reference: string,
  nowMs: number,
): Exchange {
  const { localAddress, localPort } = connection.ends
  const headers = new HeaderList([])
  const request = { method: '', target: '', protocol: '', headers, localIp: localAddress, localPort }
  return new Exchange(reference, nowMs, connection.peerFor(handler.identify).client, request, '', handler.fallback)
}
