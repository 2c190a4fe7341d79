// From what the parser read to an exchange on a route.

import type { IncomingMessage } from 'node:http'
import { Exchange, type RequestLine } from '../pipeline/exchange.ts'
import { checkUnderscores } from '../pipeline/header-rules.ts'
import { HeaderList } from '../pipeline/headers.ts'
import { formPath } from '../pipeline/path-form.ts'
import { ambiguousPath } from '../pipeline/router.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { checkRequest } from './check-request.ts'
import type { Connection } from './connection.ts'
import type { Handler } from './handler.ts'
import { ownRoute } from './own-routes.ts'
import type { ListenerSettings } from './settings.ts'

export interface Opened {
  readonly ex: Exchange
  /** Says that the request is no request at all. */
  readonly verdict: Verdict | undefined
}

export function openExchange(
  req: IncomingMessage,
  connection: Connection,
  handler: Handler,
  settings: ListenerSettings,
  reference: string,
  nowMs: number,
): Opened {
  const { method = '', url = '', rawHeaders } = req
  const protocol = `HTTP/${req.httpVersion}`
  const checked = checkRequest(method, url, protocol, rawHeaders, handler.limits)
  const { target, host } = checked
  const headers = new HeaderList(rawHeaders)
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const own = checked.verdict ? undefined : ownRoute(settings, path, host, handler.fallback)
  const found = checked.verdict ? undefined : (own ?? handler.match(method, host, path, headers))
  const route = found === 'ambiguous' || found === undefined ? handler.fallback : found
  const formed = formPath(path, route.paths)
  const formVerdict = formed.ok ? undefined : formed.verdict
  const verdict =
    found === 'ambiguous' ? ambiguousPath : (checked.verdict ?? formVerdict ?? checkUnderscores(headers, route.headers))
  const client = handler.identify.client(connection.peerFor(handler.identify), headers)
  const { localAddress, localPort } = connection.ends
  const sent = formed.ok && formed.path !== path ? formed.path + target.slice(path.length) : target
  const received = sent === url ? undefined : url
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
