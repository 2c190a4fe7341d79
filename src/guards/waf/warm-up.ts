// Runs a few plain requests through a fresh rule set. The engine makes its automata when they are first needed, which
// costs the first request a hundred times what the second one costs: here it costs the load instead.

import { bytesToBuffer } from '../../lib/bytes.ts'
import type { Waf } from '../../waf/types.ts'

interface Sample {
  readonly method: string
  readonly target: string
  readonly type?: string
  readonly body?: string
}

const boundary = 'warm-up'

const samples: readonly Sample[] = [
  { method: 'GET', target: '/products/42?q=red+shoes&sort=price&page=2' },
  { method: 'POST', target: '/cart', type: 'application/x-www-form-urlencoded', body: 'id=42&note=for+Ann%21&count=2' },
  {
    method: 'POST',
    target: '/api/orders',
    type: 'application/json',
    body: '{"id":42,"note":"for Ann, please","lines":[{"sku":"A-1","count":2}],"gift":true}',
  },
  {
    method: 'POST',
    target: '/upload',
    type: `multipart/form-data; boundary=${boundary}`,
    body: `--${boundary}\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--${boundary}--\r\n`,
  },
]

export function warmUp(waf: Waf): void {
  for (const sample of samples) run(waf, sample)
}

function run(waf: Waf, { method, target, type, body = '' }: Sample): void {
  const transaction = waf.transaction({ id: 'warm-up' })
  transaction.connection({ ip: '192.0.2.1', port: 50_000 }, { ip: '192.0.2.2', port: 443 })
  transaction.uri(method, target, 'HTTP/1.1')
  const headers: [string, string][] = [
    ['Host', 'www.example.com'],
    ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    ['Accept', 'text/html,application/json;q=0.9,*/*;q=0.8'],
    ['Accept-Language', 'en-US,en;q=0.5'],
    ['Cookie', 'theme=dark; visit=1719400000'],
    ['Content-Length', String(body.length)],
  ]
  if (type !== undefined) headers.push(['Content-Type', type])
  for (const [name, value] of headers) transaction.requestHeader(name, value)
  transaction.requestHeaders()
  if (body !== '') transaction.requestBody(bytesToBuffer(body))
  transaction.requestBodyDone()
  // No logging phase: it would write to the rule set's collections.
}
