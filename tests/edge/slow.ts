// slowhttptest in all its modes against the gateway, while good clients go on asking: they must be served as before
// (p99 below twice the normal one, or 20 ms more where that is less than the clock of a busy machine can tell), memory
// stays bounded, and attackers are cut.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Product, runTool, startProduct } from './product.ts'

const connections = 400
const attackSeconds = 25
const megabyte = 1024 * 1024
/** More than the gateway may grow by 400 connections that hold all that they may. */
const growthMaxBytes = 200 * megabyte

const modes = [
  { name: 'slowloris (-H)', args: ['-H', '-i', '3', '-x', '24'], path: '/' },
  { name: 'slow body (-B)', args: ['-B', '-i', '3', '-s', '8192', '-x', '10'], path: '/' },
  { name: 'slow read (-X)', args: ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3'], path: '/large' },
  { name: 'ranges (-R)', args: ['-R', '-a', '10', '-b', '3000'], path: '/large' },
] as const

/** What is wrong, one line each. */
export async function attackSlowly(print: (line: string) => void): Promise<string[]> {
  if (!existsSync('/usr/bin/slowhttptest')) return ['not installed: slowhttptest']
  const product = await startProduct(([port]) => [{ http: `127.0.0.1:${port}` }], {
    // Attackers and good clients share one address here, so that the cap for one address would help them all.
    limits: {
      connectionsPerIp: 2000,
      headerTimeout: '5s',
      bodyRateGrace: '5s',
      bodyIdleTimeout: '10s',
      responseIdleTimeout: '10s',
      responseRateGrace: '5s',
    },
    guards: { rate: { mode: 'off' } },
  })
  const dir = mkdtempSync(join(tmpdir(), 'merlon-slow-'))
  try {
    return await attackAll(product, dir, print)
  } finally {
    await product.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function attackAll(product: Product, dir: string, print: (line: string) => void) {
  const bad: string[] = []
  const [port = 0] = product.ports
  await measure(port, 3) // warm
  for (const { name, args, path } of modes) {
    const normal = await measure(port, 5)
    const rssBefore = product.rss()
    const statistics = join(dir, 'statistics')
    const attack = runTool(
      'slowhttptest',
      [
        '-g',
        '-o',
        statistics,
        '-c',
        String(connections),
        '-r',
        '200',
        '-l',
        String(attackSeconds),
        '-p',
        '5',
        ...args,
      ].concat(['-u', `http://127.0.0.1:${port}${path}`]),
      (attackSeconds + 30) * 1000,
    )
    await new Promise(resolve => setTimeout(resolve, 3000))
    const during = await measure(port, attackSeconds - 8)
    const rssDuring = product.rss()
    const report = await attack
    const { closed, left } = outcome(`${statistics}.csv`)
    const growth = rssDuring - rssBefore
    print(
      `${name.padEnd(16)} p50 ${ms(normal.p50)} → ${ms(during.p50)}, p99 ${ms(normal.p99)} → ${ms(during.p99)}, ` +
        `failed ${during.failed} of ${during.all}, memory ${mib(rssBefore)} → ${mib(rssDuring)} MiB, ` +
        `attackers cut ${closed}, left ${left}; ${/Exit status:\s+(.*)/.exec(plain(report))?.[1] ?? ''}`,
    )
    if (during.failed > 0) bad.push(`${name}: ${during.failed} good requests failed`)
    if (during.p99 > Math.max(2 * normal.p99, normal.p99 + 20)) bad.push(`${name}: p99 ${ms(during.p99)}`)
    if (growth > growthMaxBytes) bad.push(`${name}: memory grew by ${mib(growth)} MiB`)
    if (closed < connections / 2) bad.push(`${name}: only ${closed} of ${connections} attackers were cut`)
  }
  return bad
}

/** The last line of its table: seconds, closed, pending, connected, whether the service answers. */
function outcome(file: string): { closed: number; left: number } {
  const [, closed, , left] = (readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '').split(',')
  return { closed: Number(closed), left: Number(left) }
}

function plain(report: string): string {
  return report.replace(/\x1b\[[\d;]*[A-Za-z]/g, '')
}

/** Eight good clients, one request after another on a connection each, with a breath between two. */
async function measure(port: number, seconds: number) {
  const endMs = performance.now() + seconds * 1000
  const times: number[] = []
  let failed = 0
  const one = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (performance.now() < endMs) {
      const startMs = performance.now()
      if (await isGood(port, agent)) times.push(performance.now() - startMs)
      else failed++
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    agent.destroy()
  }
  await Promise.all(Array.from({ length: 8 }, one))
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Infinity
  return { p50: at(0.5), p99: at(0.99), failed, all: times.length + failed }
}

function isGood(port: number, agent: Agent): Promise<boolean> {
  return new Promise(resolve => {
    const req = request({ host: '127.0.0.1', port, path: '/', agent, timeout: 10_000 }, res => {
      res.resume().on('end', () => resolve(res.statusCode === 200))
    })
    req.on('timeout', () => req.destroy())
    req.on('error', () => resolve(false)).end()
  })
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function mib(bytes: number): string {
  return String(Math.round(bytes / megabyte))
}
