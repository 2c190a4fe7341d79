// The engine alone: µs for a whole request transaction (phases 1, 2 and 5), in process, for builtin and, when it is
// installed, the Core Rule Set. Requests differ in their bytes from one to the next, so no cache of values flatters. Rule
// sets take turns, so that what else the machine does falls on both, and their ratio holds.

import { resolveRules } from '../src/rulesets/resolve.ts'
import { createWaf } from '../src/waf/index.ts'
import { nodePorts } from '../src/waf/node.ts'
import type { Waf } from '../src/waf/types.ts'
import { type BenchRequest, benchRequests } from './requests.ts'

const warmRequests = 1024
/** In each of so many turns so many requests of a kind. */
const turns = 40
const perTurn = 128

export interface EngineTimes {
  readonly loadMs: number
  /** µs a transaction, by kind of request; the best round. */
  readonly micros: ReadonlyMap<string, number>
}

export function benchWaf(): Map<string, EngineTimes> {
  const loaded = new Map<string, { readonly waf: Waf; readonly loadMs: number }>()
  for (const rules of ['builtin', 'crs']) {
    const startMs = performance.now()
    const waf = load(rules)
    if (waf) loaded.set(rules, { waf, loadMs: performance.now() - startMs })
    else console.log(`engine: ${rules} is skipped (not installed: apt install modsecurity-crs)`)
  }
  const micros = measure([...loaded.values()].map(({ waf }) => waf))
  const results = new Map(
    [...loaded].map(([rules, { loadMs }], i) => [rules, { loadMs, micros: micros[i] ?? new Map() }]),
  )
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

/** By rule set: µs a transaction by kind of request. */
function measure(wafs: readonly Waf[]): Map<string, number>[] {
  const micros = wafs.map(() => new Map<string, number>())
  let variant = 0
  for (; variant < warmRequests; variant++) {
    for (const waf of wafs) for (const request of benchRequests(variant)) inspect(waf, request)
  }
  for (const [kind, { name }] of benchRequests(0).entries()) {
    for (let turn = 0; turn < turns; turn++) {
      // No turn sees a request of an earlier one.
      const requests = Array.from({ length: perTurn }, () => benchRequests(variant++)[kind] as BenchRequest)
      for (const [i, waf] of wafs.entries()) {
        const startMs = performance.now()
        for (const request of requests) inspect(waf, request)
        const us = ((performance.now() - startMs) * 1000) / perTurn
        micros[i]?.set(name, Math.min(micros[i].get(name) ?? Number.POSITIVE_INFINITY, us))
      }
    }
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
  const [builtin, crs] = [results.get('builtin')?.micros, results.get('crs')?.micros]
  if (!builtin || !crs) return
  const ratios = [...builtin].map(([name, us]) => `${name} ${(us / (crs.get(name) ?? us)).toFixed(2)}`)
  console.log(`  ${'builtin by crs'.padEnd(24)} ${ratios.join('  ')}`)
}
