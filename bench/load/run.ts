// Requests a second and latency of: a bare Node proxy, Merlon without and with rules, and, when they are installed,
// nginx alone and nginx with ModSecurity and the Core Rule Set. One core each, the same requests, in one run.
// The share of blocked answers is printed beside the speed: a fast proxy that lets attacks pass has not won.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { has, start, stop, stopAll, waitForPort } from './children.ts'
import { missingNginx, writeNginxConfig } from './nginx.ts'
import { type LoadResult, runWrk, writeScript } from './wrk.ts'

const kinds = ['G1', 'P1', 'P10', 'A1'] as const
const seconds = Number(process.env['BENCH_SECONDS'] ?? 4)
/** P10 is so slow in some that 32 would only measure the queue. */
const connections = { G1: 32, P1: 32, P10: 8, A1: 32 } as const
const root = join(import.meta.dirname, '../..')
const backendPort = 19_300

interface Subject {
  readonly name: string
  readonly port: number
  readonly command: string
  readonly args: readonly string[]
}

export async function benchLoad(): Promise<void> {
  if (!has('wrk')) return console.log('load: skipped, wrk is not installed (apt install wrk)')
  const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-'))
  try {
    for (const kind of kinds) writeScript(join(folder, `${kind}.lua`), kind)
    start(1, process.execPath, [join(import.meta.dirname, 'backend.ts'), String(backendPort)])
    await waitForPort(backendPort)
    const table: Record<string, Record<string, LoadResult>> = {}
    for (const subject of subjects(folder)) table[subject.name] = await measure(subject, folder)
    print(table)
  } finally {
    await stopAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

function subjects(folder: string): Subject[] {
  const list: Subject[] = [
    {
      name: 'bare Node proxy',
      port: 19_301,
      command: process.execPath,
      args: [join(import.meta.dirname, 'bare-proxy.ts'), '19301', String(backendPort)],
    },
    merlon(folder, 'Merlon, WAF off', 19_302, 'off', 'builtin'),
    merlon(folder, 'Merlon, builtin', 19_303, 'protect', 'builtin'),
  ]
  const missing = missingNginx()
  if (missing) console.log(`load: nginx and CRS are skipped (${missing})`)
  else {
    list.push(merlon(folder, 'Merlon, CRS', 19_304, 'protect', 'crs'))
    const plain = writeNginxConfig(join(folder, 'nginx'), 19_305, backendPort, false)
    const crs = writeNginxConfig(join(folder, 'nginx-crs'), 19_306, backendPort, true)
    list.push({ name: 'nginx', port: 19_305, command: '/usr/sbin/nginx', args: ['-c', plain] })
    list.push({ name: 'nginx, ModSecurity, CRS', port: 19_306, command: '/usr/sbin/nginx', args: ['-c', crs] })
  }
  return list
}

function merlon(folder: string, name: string, port: number, mode: string, rules: string): Subject {
  const file = join(folder, `merlon-${port}.yaml`)
  writeFileSync(
    file,
    `listen: [{ http: "127.0.0.1:${port}" }]
upstreams: { backend: { servers: ["http://127.0.0.1:${backendPort}"] } }
guards: { rate: { mode: off }, waf: { mode: ${mode}, rules: [${rules}] } }
routes: [{ to: backend }]
store: { state: ${join(folder, `state-${port}`)} }
admin: { listen: 127.0.0.1:${port + 50} }
events: { stdout: off }
workers: 1
`,
  )
  return { name, port, command: process.execPath, args: [join(root, 'src/cli/main.ts'), 'run', '-c', file] }
}

async function measure(subject: Subject, folder: string): Promise<Record<string, LoadResult>> {
  process.stderr.write(`load: ${subject.name} …\n`)
  const child = start(0, subject.command, subject.args)
  await waitForPort(subject.port)
  const results: Record<string, LoadResult> = {}
  for (const kind of kinds) {
    const script = join(folder, `${kind}.lua`)
    await runWrk(subject.port, script, 1, connections[kind])
    results[kind] = await runWrk(subject.port, script, seconds, connections[kind])
  }
  await stop(child)
  return results
}

function print(table: Record<string, Record<string, LoadResult>>): void {
  console.log(`\nload, one core each (requests a second, p50/p99 ms, share blocked)`)
  for (const [name, results] of Object.entries(table)) {
    const cells = kinds.map(kind => {
      const r = results[kind]
      return r
        ? `${kind} ${Math.round(r.requestsPerSecond)}/s ${r.p50Ms.toFixed(1)}/${r.p99Ms.toFixed(1)} ${Math.round(r.blocked * 100)}%${r.failed ? ` ${r.failed} failed` : ''}`
        : ''
    })
    console.log(`  ${name.padEnd(24)} ${cells.join('  ·  ')}`)
  }
  ratio(table, 'Merlon, builtin', 'bare Node proxy')
  ratio(table, 'Merlon, CRS', 'nginx, ModSecurity, CRS')
}

function ratio(table: Record<string, Record<string, LoadResult>>, a: string, b: string): void {
  const left = table[a]
  const right = table[b]
  if (!left || !right) return
  const cells = kinds.map(
    kind => `${kind} × ${((left[kind]?.requestsPerSecond ?? 0) / (right[kind]?.requestsPerSecond || 1)).toFixed(2)}`,
  )
  console.log(`  ${a} / ${b}: ${cells.join('  ')}`)
}
