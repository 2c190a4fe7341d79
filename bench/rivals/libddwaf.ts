// libddwaf (C++, through its Node binding) with the rules that ship beside it, in process. It has far fewer rules than the
// Core Rule Set. Not a dependency: install it anywhere (npm i --no-save --ignore-scripts @datadog/native-appsec dd-trace)
// and name that folder in MERLON_BENCH_LIBDDWAF.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type BenchRequest, benchRequests } from '../requests.ts'

const variants = 512
const rounds = 5
const budgetUs = 1_000_000

interface Context {
  run(payload: { persistent: object }, timeoutUs: number): { status?: string }
  dispose(): void
}

interface Engine {
  createContext(): Context
}

/** µs a transaction by kind of request, or why it can't be measured. */
export function benchLibddwaf(): ReadonlyMap<string, number> | string {
  const folder = process.env['MERLON_BENCH_LIBDDWAF']
  if (folder === undefined) return 'MERLON_BENCH_LIBDDWAF names no folder with @datadog/native-appsec and dd-trace'
  const load = createRequire(join(folder, 'package.json'))
  const { DDWAF } = load('@datadog/native-appsec') as { DDWAF: new (rules: object, name: string) => Engine }
  const rules = join(folder, 'node_modules/dd-trace/packages/dd-trace/src/appsec/recommended.json')
  const engine = new DDWAF(JSON.parse(readFileSync(rules, 'utf8')), 'recommended')
  const all = Array.from({ length: variants }, (_, i) => benchRequests(i))
  const micros = new Map<string, number>()
  for (const [kind, { name }] of benchRequests(0).entries()) {
    const payloads = all.map(list => payload(list[kind] as BenchRequest))
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < rounds; round++) {
      const startMs = performance.now()
      for (const each of payloads) {
        const context = engine.createContext()
        context.run({ persistent: each }, budgetUs)
        context.dispose()
      }
      best = Math.min(best, ((performance.now() - startMs) * 1000) / variants)
    }
    micros.set(name, best)
  }
  return micros
}

/** What a framework would hand over, parsed: its own parsing is not counted. */
function payload(request: BenchRequest): object {
  const url = new URL(request.target, 'http://localhost')
  const headers: Record<string, string> = {}
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = (request.headers[i] ?? '').toLowerCase()
    if (name !== 'cookie') headers[name] = request.headers[i + 1] ?? ''
  }
  const cookies: Record<string, string> = { session: 'x', theme: 'dark' }
  return {
    'server.request.method': request.method,
    'server.request.uri.raw': request.target,
    'server.request.query': Object.fromEntries(url.searchParams),
    'server.request.headers.no_cookies': headers,
    'server.request.cookies': cookies,
    ...(request.body === '' ? {} : { 'server.request.body': JSON.parse(request.body) }),
    'http.client_ip': '198.51.100.7',
  }
}
