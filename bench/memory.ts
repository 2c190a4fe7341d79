// Memory over a million transactions of requests that differ: the benchmark's, random values, and the corpora when they
// are at hand. After each tenth: what is used once the garbage is collected, and the process as a whole.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gunzipSync } from 'node:zlib'
import { utf8ToBytes } from '../src/lib/bytes.ts'
import { resolveRules } from '../src/rulesets/resolve.ts'
import { createWaf } from '../src/waf/index.ts'
import { nodePorts } from '../src/waf/node.ts'
import type { Waf } from '../src/waf/types.ts'
import { type BenchRequest, benchRequests } from './requests.ts'

const transactions = Number(process.env['MERLON_BENCH_TRANSACTIONS'] ?? 1_000_000)
const samples = 10
const MiB = 1024 * 1024

export function benchMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const rows = corpusRows()
  for (const rules of ['builtin', 'crs']) {
    const resolved = resolveRules({ rules: [rules] })
    if (!resolved.ok) continue
    const made = createWaf({ rules: resolved.sources, ports: nodePorts() })
    if (!made.ok) throw new Error(made.problems[0]?.message)
    console.log(`\nmemory, ${rules}: ${transactions} transactions, ${rows.length} corpus rows among them`)
    const used: number[] = []
    for (let sample = 0; sample <= samples; sample++) {
      if (sample > 0) run(made.waf, rows, (transactions / samples) * (sample - 1), transactions / samples)
      collect()
      const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
      used.push(heapUsed + arrayBuffers)
      const cells = [heapUsed, arrayBuffers, rss].map(bytes => (bytes / MiB).toFixed(1))
      console.log(
        `  ${String((transactions / samples) * sample).padStart(8)}  heap ${cells[0]}  buffers ${cells[1]}  RSS ${cells[2]} MiB`,
      )
    }
    const half = used[samples / 2] ?? 0
    const growth = ((used[samples] ?? 0) - half) / half
    console.log(`  second half: ${(growth * 100).toFixed(1)} %`)
  }
}

function run(waf: Waf, rows: readonly BenchRequest[], first: number, count: number): void {
  const random = new Random(first + 1)
  for (let i = first; i < first + count; i++) {
    const kind = i % 4
    const request =
      kind === 0 && rows.length > 0
        ? (rows[(i / 4) % rows.length] as BenchRequest)
        : kind === 1
          ? randomRequest(random)
          : (benchRequests(i)[[0, 1, 3, 0][random.below(4)] ?? 0] as BenchRequest)
    inspect(waf, request)
  }
}

function inspect(waf: Waf, request: BenchRequest): void {
  const transaction = waf.transaction()
  transaction.connection({ ip: '198.51.100.7', port: 40_000 }, { ip: '127.0.0.1', port: 80 })
  transaction.uri(request.method, request.target, 'HTTP/1.1')
  for (let i = 0; i < request.headers.length; i += 2) {
    transaction.requestHeader(request.headers[i] ?? '', request.headers[i + 1] ?? '')
  }
  if (!transaction.requestHeaders()) {
    if (request.body !== '') transaction.requestBody(Buffer.from(request.body, 'latin1'))
    transaction.requestBodyDone()
  }
  transaction.logging()
}

/** Names and values of random bytes, letters or words, now and then a long one. */
function randomRequest(random: Random): BenchRequest {
  const pairs = Array.from({ length: 1 + random.below(6) }, () => `${random.text(12)}=${random.text(40)}`)
  const long = random.below(200) === 0 ? random.text(4000) : random.text(60)
  return {
    name: 'random',
    method: 'POST',
    target: `/${encodeURIComponent(random.text(10))}?${pairs.join('&').replaceAll(/[\0-\x20\x7f-\xff]/g, '+')}`,
    headers: [
      'Host',
      'example.com',
      `X-${random.below(5000)}`,
      random.text(30),
      'Content-Type',
      'application/x-www-form-urlencoded',
    ],
    body: `${pairs.join('&')}&long=${long}`,
  }
}

function corpusRows(): BenchRequest[] {
  const folder = join(import.meta.dirname, '..', '..', 'shared', 'corpora')
  const rows: BenchRequest[] = []
  for (const name of ['attacks', 'benign', 'benign-richtext']) {
    const file = join(folder, `${name}.ndjson.gz`)
    if (!existsSync(file)) continue
    for (const line of gunzipSync(readFileSync(file)).toString().split('\n'))
      if (line !== '') rows.push(toRequest(line))
  }
  return rows
}

interface CorpusRow {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly bodyBase64?: string
}

function toRequest(line: string): BenchRequest {
  const row = JSON.parse(line) as CorpusRow
  const body = row.bodyBase64 ? Buffer.from(row.bodyBase64, 'base64').toString('latin1') : utf8ToBytes(row.body ?? '')
  const headers = Object.entries(row.headers).flatMap(([name, value]) => [name, utf8ToBytes(value)])
  return { name: 'corpus', method: row.method, target: utf8ToBytes(row.path), headers, body }
}

class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return (this.#state >>> 8) % limit
  }

  text(maxLength: number): string {
    const kind = this.below(3)
    const first = kind === 0 ? 0 : kind === 1 ? 32 : 97
    const range = kind === 0 ? 256 : kind === 1 ? 95 : 26
    let text = ''
    for (let count = this.below(maxLength) + 1; count > 0; count--)
      text += String.fromCharCode(first + this.below(range))
    return text
  }
}
