// An exchange for benchmarks, made from one of the bench requests.

import { Exchange } from '../../src/pipeline/exchange.ts'
import { HeaderList } from '../../src/pipeline/headers.ts'
import { testRoute } from '../../src/pipeline/testing.ts'
import { benchRequests } from '../requests.ts'

export function benchExchange(variant: number, name: string): Exchange {
  const request = benchRequests(variant).find(candidate => candidate.name === name)
  if (!request) throw new Error(`no request ${name}`)
  const client = {
    ip: '127.0.0.1',
    ipBytes: new Uint8Array([127, 0, 0, 1]),
    key: '127.0.0.1',
    port: 1,
    peerIp: '127.0.0.1',
    secure: false,
  }
  const line = {
    method: request.method,
    target: request.target,
    protocol: 'HTTP/1.1',
    headers: new HeaderList(request.headers),
    localIp: '127.0.0.1',
    localPort: 80,
  }
  const ex = new Exchange('BENCH', Date.now(), client, line, 'shop.example.com', testRoute())
  ex.body = { bytes: Buffer.from(request.body), complete: true }
  return ex
}
