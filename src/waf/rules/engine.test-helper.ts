// What the engine's table tests share: a rule set from text, files from memory, one request run through all phases.

import { utf8ToBytes } from '../../lib/bytes.ts'
import { formatProblem } from '../../lib/problem.ts'
import { createWaf } from '../index.ts'
import type { CollectionPort, FilePort, TransactionOptions, Waf, WafPorts, WafTransaction } from '../types.ts'

function memoryFiles(files: Readonly<Record<string, string>>): FilePort {
  return {
    read(path) {
      const text = files[path]
      if (text === undefined) throw new Error(`no file ${path}`)
      return Buffer.from(text)
    },
    glob(pattern) {
      if (!pattern.includes('*')) return pattern in files ? [pattern] : []
      const [before = '', after = ''] = pattern.split('*')
      return Object.keys(files)
        .filter(path => path.startsWith(before) && path.endsWith(after))
        .sort()
    },
    resolve: (_fromFile, path) => path,
  }
}

export interface TestPorts {
  readonly files?: Readonly<Record<string, string>>
  readonly now?: () => number
  readonly collections?: CollectionPort
  readonly geo?: WafPorts['geo']
}

export function testPorts(options: TestPorts = {}): WafPorts {
  const { files = {}, now = () => 1_700_000_000_000, collections, geo } = options
  return { files: memoryFiles(files), now, ...(collections && { collections }), ...(geo && { geo }) }
}

export function engine(rules: string, options: TestPorts = {}): Waf {
  const result = createWaf({ rules: [{ name: 'test.conf', text: rules }], ports: testPorts(options) })
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.waf
}

export interface TestRequest {
  readonly method?: string
  readonly target?: string
  readonly protocol?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string | Uint8Array
  readonly ip?: string
  readonly status?: number
  readonly responseHeaders?: readonly (readonly [string, string])[]
  readonly responseBody?: string
}

export function run(waf: Waf, request: TestRequest = {}, options: TransactionOptions = {}): WafTransaction {
  const transaction = waf.transaction(options)
  transaction.connection({ ip: request.ip ?? '192.0.2.1', port: 1234 }, { ip: '192.0.2.2', port: 443 })
  transaction.uri(request.method ?? 'GET', request.target ?? '/', request.protocol ?? 'HTTP/1.1')
  for (const [name, value] of request.headers ?? []) transaction.requestHeader(utf8ToBytes(name), utf8ToBytes(value))
  transaction.requestHeaders()
  if (request.body !== undefined) transaction.requestBody(Buffer.from(request.body))
  transaction.requestBodyDone()
  for (const [name, value] of request.responseHeaders ?? []) transaction.responseHeader(name, value)
  transaction.responseHeaders(request.status ?? 200, 'HTTP/1.1')
  if (request.responseBody !== undefined) transaction.responseBody(Buffer.from(request.responseBody))
  transaction.responseBodyDone()
  transaction.logging()
  return transaction
}

export function fired(transaction: WafTransaction): number[] {
  return transaction.matches.map(match => match.rule.id)
}
