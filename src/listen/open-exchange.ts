// From what the parser read to an exchange on a route.

import type { IncomingMessage } from 'node:http'
import { Exchange, type RequestLine } from '../pipeline/exchange.ts'
import { HeaderList } from '../pipeline/headers.ts'
import { ambiguousPath } from '../pipeline/router.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { checkRequest } from './check-request.ts'
import type { Connection } from './connection.ts'
import type { Handler } from './handler.ts'

export interface Opened {
  readonly ex: Exchange
  /** Says that the request is no request at all. */
  readonly verdict: Verdict | undefined
}

export function openExchange(
  req: IncomingMessage,
  connection: Connection,
  handler: Handler,
  reference: string,
  nowMs: number,
): Opened {
  const { method = '', url = '', rawHeaders } = req
  const protocol = `HTTP/${req.httpVersion}`
  const checked = checkRequest(method, url, protocol, rawHeaders, handler.limits)
  const { target, host } = checked
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const found = checked.verdict ? undefined : handler.match(method, host, path)
  const route = found === 'ambiguous' || found === undefined ? handler.fallback : found
  const verdict = found === 'ambiguous' ? ambiguousPath : checked.verdict
  const headers = new HeaderList(rawHeaders)
  const client = handler.identify.client(connection.peerFor(handler.identify), headers)
  const { localAddress = '', localPort = 0 } = connection.socket
  const request: RequestLine = { method, target, protocol, headers, localIp: localAddress, localPort }
  return { ex: new Exchange(reference, nowMs, client, request, host, route), verdict }
}

/** Where there is no request there is still a client and a reference, and an event wants both. */
export function openFaultExchange(
  connection: Connection,
  handler: Handler,
  reference: string,
  nowMs: number,
): Exchange {
  const { localAddress = '', localPort = 0 } = connection.socket
  const headers = new HeaderList([])
  const request = { method: '', target: '', protocol: '', headers, localIp: localAddress, localPort }
  return new Exchange(reference, nowMs, connection.peerFor(handler.identify).client, request, '', handler.fallback)
}
