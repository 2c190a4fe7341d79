// The engine alone: µs for a whole request transaction (phases 1, 2 and 5), in process, for builtin and, when it is
// installed, the Core Rule Set. Requests differ in their bytes from one to the next, so no cache of values flatters.

import { resolveRules } from '../src/rulesets/resolve.ts'
import { createWaf } from '../src/waf/index.ts'
import { nodePorts } from '../src/waf/node.ts'
import type { Waf } from '../src/waf/types.ts'
import { type BenchRequest, benchRequests } from './requests.ts'

const variants = 1024
const rounds = 5

export interface EngineTimes {
  readonly loadMs: number
  /** µs a transaction, by kind of request; the best round. */
  readonly micros: ReadonlyMap<string, number>
}

export function benchWaf(): Map<string, EngineTimes> {
  const results = new Map<string, EngineTimes>()
  for (const rules of ['builtin', 'crs']) {
    const startMs = performance.now()
    const waf = load(rules)
    const loadMs = performance.now() - startMs
    if (!waf) {
      console.log(`engine: ${rules} is skipped (not installed: apt install modsecurity-crs)`)
      continue
    }
    results.set(rules, { loadMs, micros: measure(waf) })
  }
  print(results)
  return results
}

function load(rules: string): Waf | undefined {
  const resolved = resolveRules({ rules: [rules] })
  if (!resolved.ok) return undefined
  const made = createWaf({ rules: resolved.sources, ports: nodePorts() })
  if (!made.ok) throw new Error(`${rules} does not load: ${made.problems[0]?.message}`)
  return made.waf
}

function measure(waf: Waf): Map<string, number> {
  const micros = new Map<string, number>()
  for (let i = 0; i < variants; i++) for (const request of benchRequests(i)) inspect(waf, request) // warm
  for (const [kind, { name }] of benchRequests(0).entries()) {
    let best = Number.POSITIVE_INFINITY
    for (let round = 1; round <= rounds; round++) {
      // No round sees a request of an earlier one.
      const requests = Array.from(
        { length: variants },
        (_, i) => benchRequests(round * variants + i)[kind] as BenchRequest,
      )
      const startMs = performance.now()
      for (const request of requests) inspect(waf, request)
      best = Math.min(best, ((performance.now() - startMs) * 1000) / variants)
    }
    micros.set(name, best)
  }
  return micros
}

function inspect(waf: Waf, request: BenchRequest): boolean {
  const transaction = waf.transaction()
  transaction.connection({ ip: '198.51.100.7', port: 40_000 }, { ip: '127.0.0.1', port: 80 })
  transaction.uri(request.method, request.target, 'HTTP/1.1')
  for (let i = 0; i < request.headers.length; i += 2) {
    transaction.requestHeader(request.headers[i] ?? '', request.headers[i + 1] ?? '')
  }
  if (!transaction.requestHeaders()) {
    if (request.body !== '') transaction.requestBody(Buffer.from(request.body))
    transaction.requestBodyDone()
  }
  transaction.logging()
  return transaction.interruption !== undefined
}

function print(results: ReadonlyMap<string, EngineTimes>): void {
  console.log('\nengine, in process (µs a transaction)')
  for (const [rules, { loadMs, micros }] of results) {
    const cells = [...micros].map(([name, us]) => `${name} ${us.toFixed(0)}`)
    console.log(`  ${rules.padEnd(24)} ${cells.join('  ')}   load ${loadMs.toFixed(0)} ms`)
  }
}
