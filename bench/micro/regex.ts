// The CRS's request patterns at PL1 over the values of a GET request: V8's RegExp and our DFA as plain loops over
// (value, pattern), and the prefilter with the DFA for what it leaves. `node bench/micro/regex.ts`; needs a CRS.

import { createPrefilter } from '../../src/waf/match/prefilter.ts'
import { crsPatterns } from '../../src/waf/regex/crs.test-helper.ts'
import { compileRegex } from '../../src/waf/regex/index.ts'
import { toV8 } from '../../src/waf/regex/oracle.test-helper.ts'
import { benchRequests } from '../requests.ts'

const variants = 64

/** What rules look at in a request: line, names and values of arguments, cookies and headers. */
function valuesOf(variant: number, name: string): string[] {
  const request = benchRequests(variant).find(candidate => candidate.name === name)
  if (request === undefined) return []
  const [path = '', query = ''] = request.target.split('?')
  const values = [`${request.method} ${request.target} HTTP/1.1`, request.method, request.target, path, query]
  for (const pair of query.split('&'))
    values.push(...pair.split('=').map(part => decodeURIComponent(part.replaceAll('+', ' '))))
  for (const pair of (request.headers.at(request.headers.indexOf('Cookie') + 1) ?? '').split('; '))
    values.push(...pair.split('='))
  return [...values, ...request.headers].map(value => Buffer.from(value, 'utf8').toString('latin1'))
}

const rules = crsPatterns().filter(
  rule => rule.paranoia <= 1 && rule.phase <= 2 && !rule.negated && /ARGS|REQUEST_/.test(rule.variables),
)
if (rules.length === 0) {
  console.log('no Core Rule Set installed')
  process.exit(0)
}
const options = { dotAll: true, multiline: true }
const regexes = rules.flatMap(rule => {
  const result = compileRegex(rule.pattern, options)
  return result.ok ? [result.regex] : []
})
const oracles = rules.map(rule => toV8(rule.pattern, { m: true, s: true }))
const prefilter = createPrefilter(regexes.map((regex, id) => ({ id, ast: regex.ast })))

function countV8(values: readonly string[]): number {
  let matches = 0
  for (const value of values) for (const oracle of oracles) if (oracle.test(value)) matches++
  return matches
}

function countDfa(values: readonly string[]): number {
  let matches = 0
  for (const value of values) for (const regex of regexes) if (regex.test(value)) matches++
  return matches
}

function countPrefiltered(values: readonly string[]): number {
  let matches = 0
  const { candidates } = prefilter
  for (const value of values) {
    prefilter.scan(value)
    for (let word = 0; word < candidates.length; word++) {
      let bits = candidates[word] ?? 0
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits)
        bits &= bits - 1
        if (regexes[word * 32 + bit]?.test(value) === true) matches++
      }
    }
  }
  return matches
}

function countScans(values: readonly string[]): number {
  for (const value of values) prefilter.scan(value)
  return 0
}

/** The best of several rounds over all variants, in nanoseconds a request. */
function measure(
  run: (values: readonly string[]) => number,
  requests: readonly string[][],
  rounds: number,
): [number, number] {
  let best = Infinity
  let matches = 0
  for (let round = 0; round < rounds; round++) {
    matches = 0
    const start = process.hrtime.bigint()
    for (const values of requests) matches += run(values)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / requests.length)
  }
  return [best, matches]
}

for (const name of ['G1', 'A1']) {
  const requests = Array.from({ length: variants }, (_, variant) => valuesOf(variant, name))
  const values = requests.flat()
  const bytes = values.reduce((sum, value) => sum + value.length, 0) / variants
  console.log(`${name}: ${values.length / variants} values, ${Math.round(bytes)} bytes, ${regexes.length} patterns`)
  for (const [label, run, rounds] of [
    ['V8 loop', countV8, 30],
    ['DFA loop', countDfa, 30],
    ['scan alone', countScans, 200],
    ['scan + DFA', countPrefiltered, 200],
  ] as const) {
    const [nanoseconds, matches] = measure(run, requests, rounds)
    const perValue = nanoseconds / (values.length / variants)
    console.log(
      `  ${label.padEnd(12)}${(nanoseconds / 1000).toFixed(1).padStart(8)} µs a request ${perValue.toFixed(0).padStart(7)} ns a value ${(nanoseconds / bytes).toFixed(2).padStart(7)} ns a byte   ${matches} matches`,
    )
  }
}
