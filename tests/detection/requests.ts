// Requests around one value, for tests of detection.

import type { Row } from '../../src/inspect/row.ts'
import { utf8ToBytes } from '../../src/lib/bytes.ts'

export type Place = (typeof places)[number]
export const places = ['query', 'form', 'json'] as const

const common = [
  'Host',
  'shop.example.com',
  'User-Agent',
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept',
  '*/*',
]

export function requestWith(place: Place, value: string): Row {
  const encoded = encodeURIComponent(value).replaceAll("'", '%27')
  if (place === 'query') return rowOf('GET', `/items?field=${encoded}`)
  if (place === 'form') return rowOf('POST', '/items', 'application/x-www-form-urlencoded', `field=${encoded}&page=2`)
  return rowOf('POST', '/items', 'application/json', JSON.stringify({ field: value, page: 2 }))
}

export function rowOf(method: string, target: string, type?: string, body = '', more: readonly string[] = []): Row {
  const bytes = Buffer.from(body)
  const entity = type === undefined ? [] : ['Content-Type', type, 'Content-Length', String(bytes.length)]
  return {
    id: 'test',
    method,
    target: utf8ToBytes(target),
    headers: [...common, ...entity, ...more].map(utf8ToBytes),
    body: bytes,
    label: '',
    category: '',
    source: '',
  }
}
