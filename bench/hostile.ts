// What a hostile value costs: 64 KiB and twice that of the bytes that hurt rule engines most, with the Core Rule Set at
// paranoia level 1 (or builtin), the whole transaction. Each value ends in an attack, which must still be found. Then for
// each pattern of the rules what may be worst for it: its own literals in random order, and matches broken off.

import { resolveRules } from '../src/rulesets/resolve.ts'
import { createWaf } from '../src/waf/index.ts'
import { nodePorts } from '../src/waf/node.ts'
import type { RuleSource, Waf } from '../src/waf/types.ts'
import { patternsOf, soups } from './soup.ts'

const KiB = 1024
const sizes = [64 * KiB, 128 * KiB, 256 * KiB, 512 * KiB, 1000 * KiB]
const attack = "' UNION SELECT password FROM users-- <script>alert(1)</script>"

const kinds: Record<string, (bytes: number) => string> = {
  'random printable': random,
  quotes: bytes => "'".repeat(bytes),
  spaces: bytes => ' '.repeat(bytes),
  'literal soup': bytes => fill('select union from where script onload eval exec cmd ../ ', bytes),
  'open tags': bytes => fill('<a b=', bytes),
  comments: bytes => fill('/*', bytes),
  'percent escapes': bytes => fill('%41', bytes),
  entities: bytes => fill('&#x41;', bytes),
  backslashes: bytes => '\\'.repeat(bytes),
  parentheses: bytes => '('.repeat(bytes),
  digits: bytes => '1'.repeat(bytes),
  'words and dots': bytes => fill('a.b-c_d ', bytes),
}

/** A value of backslashes is twice as long in JSON: under the usual limits its body would be refused unread. */
const roomy = {
  name: 'roomy.conf',
  text: `SecRequestBodyLimit ${4 * 1024 * KiB}\nSecRequestBodyNoFilesLimit ${4 * 1024 * KiB}`,
}

export function benchHostile(): void {
  for (const rules of ['builtin', 'crs']) {
    const resolved = resolveRules({ rules: [rules] })
    if (!resolved.ok) continue
    const made = createWaf({ rules: [...resolved.sources, roomy], ports: nodePorts() })
    if (!made.ok) throw new Error(made.problems[0]?.message)
    console.log(`\nhostile values, ${rules} (ms of CPU; × is the time of twice the size)`)
    for (const [name, make] of Object.entries(kinds)) {
      time(made.waf, make(sizes[0] ?? 0)) // warm
      printSizes(name, made.waf, make)
    }
    ownWorstCases(made.waf, resolved.sources)
  }
}

function printSizes(name: string, waf: Waf, make: (bytes: number) => string, of: readonly number[] = sizes): void {
  const times = of.map(bytes => time(waf, make(bytes)))
  const ratios = times.slice(1, 4).map((ms, i) => ms / (times[i] || 1))
  const cells = times.map((ms, i) => `${Math.round((of[i] ?? 0) / KiB)} KiB ${ms.toFixed(0)}`)
  console.log(`  ${name.padEnd(18)} ${cells.join('  ')}   × ${ratios.map(ratio => ratio.toFixed(2)).join(' ')}`)
}

interface Worst {
  readonly name: string
  readonly firstMs: number
  readonly againMs: number
  readonly make: (bytes: number) => string
}

/** The ten patterns whose own worst case costs most, when it comes first and when it comes again. */
function ownWorstCases(waf: Waf, sources: readonly RuleSource[]): void {
  const worst: Worst[] = []
  const patterns = patternsOf(sources)
  for (const { id, regex } of patterns) {
    for (const { name, make } of soups(regex)) {
      const value = make(sizes[0] ?? 0)
      const firstMs = once(waf, value)
      worst.push({ name: `${id} ${name}`, firstMs, againMs: Math.min(once(waf, value), once(waf, value)), make })
    }
  }
  worst.sort((a, b) => b.againMs - a.againMs)
  const first = worst.reduce((most, each) => (each.firstMs > most.firstMs ? each : most))
  console.log(
    `  of ${patterns.length} patterns, dearest when first met: ${first.name} ${first.firstMs.toFixed(0)} ms; worst ten:`,
  )
  for (const { name, make } of worst.slice(0, 10)) printSizes(name, waf, make, sizes.slice(0, 3))
}

/** The clock of a thread's CPU time may tick in steps of 4 ms: what is quicker is done until so much has passed. */
const fewestMs = 40

/** Best of three, in ms. @throws when the attack at the end is not found */
function time(waf: Waf, value: string): number {
  return Math.min(mean(waf, value), mean(waf, value), mean(waf, value))
}

function mean(waf: Waf, value: string): number {
  let total = 0
  let count = 0
  for (; count === 0 || (total < fewestMs && count < 50); count++) total += once(waf, value)
  return total / count
}

function once(waf: Waf, value: string): number {
  const body = Buffer.from(`{"q":${JSON.stringify(value + attack)}}`)
  const transaction = waf.transaction()
  const startMs = cpuMs()
  transaction.connection({ ip: '198.51.100.7', port: 1 }, { ip: '127.0.0.1', port: 80 })
  transaction.uri('POST', '/comments', 'HTTP/1.1')
  transaction.requestHeader('Host', 'example.com')
  transaction.requestHeader('User-Agent', 'bench')
  transaction.requestHeader('Accept', '*/*')
  transaction.requestHeader('Content-Type', 'application/json')
  transaction.requestHeader('Content-Length', String(body.length))
  transaction.requestHeaders()
  transaction.requestBody(body)
  transaction.requestBodyDone()
  // Found by a rule: a body that is refused for its size has cost nothing.
  const { id } = transaction.interruption?.rule ?? { id: 0 }
  if (id === 0) throw new Error('the attack at the end of a hostile value was not found')
  return cpuMs() - startMs
}

/** Of this thread: what other programs do counts less. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function fill(piece: string, bytes: number): string {
  return piece.repeat(Math.ceil(bytes / piece.length)).slice(0, bytes)
}

function random(bytes: number): string {
  let state = 12345
  let text = ''
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += String.fromCharCode(32 + ((state >>> 16) % 95))
  }
  return text
}
