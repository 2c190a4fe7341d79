// For tests alone: a route that goes nowhere, and an exchange on it.

import { formatIp, ipKey, parseIp } from '../lib/ip.ts'
import { defaultBodyPolicy } from './body.ts'
import { Exchange } from './exchange.ts'
import { noHeaderRules } from './header-rules.ts'
import { HeaderList } from './headers.ts'
import { defaultLimits } from './limits.ts'
import type { Route } from './route.ts'

export function testRoute(): Route {
  return {
    name: 'test',
    mode: 'protect',
    phases: { onHeaders: [], onBody: [], onResponseHeaders: [], onResponseBody: [] },
    done: [],
    destination: { name: 'nowhere', send: async () => {}, upgrade: async () => false },
    limits: defaultLimits,
    body: defaultBodyPolicy,
    paths: 'normalize',
    headers: noHeaderRules,
  }
}

export interface TestRequest {
  readonly method?: string
  readonly target?: string
  readonly ip?: string
  readonly ja4?: string
  readonly http?: string
  /** Flat. */
  readonly headers?: readonly string[]
  readonly body?: string
  readonly route?: Route
}

export function testExchange(request: TestRequest = {}): Exchange {
  const { method = 'GET', target = '/', ip = '192.0.2.1', headers = [], body = '', route = testRoute() } = request
  const ipBytes = parseIp(ip) ?? new Uint8Array(4)
  const { ja4, http } = request
  const print = http === undefined ? {} : { http }
  const tls = ja4 === undefined ? {} : { tls: { version: 'TLSv1.3', sni: '', alpn: '', ja4, certificate: undefined } }
  const client = {
    ip: formatIp(ipBytes),
    ipBytes,
    key: ipKey(ipBytes),
    port: 40000,
    peerIp: ip,
    secure: false,
    ...tls,
    ...print,
  }
  const line = {
    method,
    target,
    protocol: 'HTTP/1.1',
    headers: new HeaderList(['Host', 'shop.test', ...headers]),
    localIp: '127.0.0.1',
    localPort: 80,
  }
  const ex = new Exchange('01TESTREFERENCE', 1_800_000_000_000, client, line, 'shop.test', route)
  ex.body = { bytes: Buffer.from(body, 'latin1'), complete: true }
  return ex
}
