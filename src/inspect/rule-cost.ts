// What each rule costs: sample requests run through the engine while a ledger keeps the time of every rule. A value that
// several rules transform alike is transformed for the first of them, and that one pays.

import { HeaderList } from '../pipeline/headers.ts'
import { defaultLimits } from '../pipeline/limits.ts'
import type { RuleInfo, RuleLedger, Waf } from '../waf/types.ts'
import { bodyView } from './body-view.ts'
import type { Row } from './row.ts'

export interface RuleCost {
  readonly rule: RuleInfo
  /** A request, on the average of all requests. */
  readonly us: number
  /** How many requests it was evaluated for, and how many it matched. */
  readonly evaluations: number
  readonly matches: number
  /** The request that it took longest for. */
  readonly longest: { readonly id: string; readonly us: number }
}

export interface CostReport {
  readonly requests: number
  /** A request on the average: everything that the engine does, parsing and the ledger included. */
  readonly us: number
  /** Of that, the search that all rules share. */
  readonly sharedUs: number
  /** The dearest first. Rules that were never evaluated are not among them. */
  readonly rules: readonly RuleCost[]
}

/** Each request runs `rounds` times and its fastest run counts: what else the machine does only ever adds. */
export function measureRuleCost(waf: Waf, rows: readonly Row[], rounds: number): CostReport {
  for (const row of rows) run(waf, row, undefined) // automata are made when first needed
  const ledger = new Ledger(rows.length)
  const total = new Fastest(rows.length)
  for (let round = 0; round < rounds; round++) {
    for (const [i, row] of rows.entries()) {
      ledger.row = i
      const startMs = performance.now()
      run(waf, row, ledger)
      total.take(i, (performance.now() - startMs) * 1000)
      ledger.endRow()
    }
  }
  const rules = Array.from(ledger.rules, ([rule, entry]) => costOf(rule, entry, rows))
  return {
    requests: rows.length,
    us: total.sum() / rows.length,
    sharedUs: ledger.shared.sum() / rows.length,
    rules: rules.sort((one, other) => other.us - one.us),
  }
}

function costOf(rule: RuleInfo, { times, matched }: Entry, rows: readonly Row[]): RuleCost {
  const [longest, us] = times.longest()
  return {
    rule,
    us: times.sum() / rows.length,
    evaluations: times.count(),
    matches: matched.size,
    longest: { id: rows[longest]?.id ?? '', us },
  }
}

/** The fastest time of each request. */
class Fastest {
  readonly #times: Float64Array

  constructor(rows: number) {
    this.#times = new Float64Array(rows).fill(Number.POSITIVE_INFINITY)
  }

  take(row: number, us: number): void {
    if (us < (this.#times[row] ?? 0)) this.#times[row] = us
  }

  sum(): number {
    return this.#times.reduce((sum, us) => (us === Number.POSITIVE_INFINITY ? sum : sum + us), 0)
  }

  count(): number {
    return this.#times.reduce((count, us) => (us === Number.POSITIVE_INFINITY ? count : count + 1), 0)
  }

  /** Row and time. */
  longest(): readonly [row: number, us: number] {
    let row = 0
    let longest = -1
    for (const [i, us] of this.#times.entries()) {
      if (us === Number.POSITIVE_INFINITY || us <= longest) continue
      row = i
      longest = us
    }
    return [row, longest]
  }
}

interface Entry {
  readonly times: Fastest
  /** Rows that the rule matched. */
  readonly matched: Set<number>
}

/** Keeps times by rule and request; what reading the clock costs is taken off. */
class Ledger implements RuleLedger {
  readonly rules = new Map<RuleInfo, Entry>()
  readonly shared: Fastest
  /** The request that runs. */
  row = 0
  readonly #rows: number
  readonly #clockMs = clockCostMs()
  #startMs = 0
  #sharedUs = 0

  constructor(rows: number) {
    this.#rows = rows
    this.shared = new Fastest(rows)
  }

  begin(): void {
    this.#startMs = performance.now()
  }

  end(rule: RuleInfo | undefined, matched: boolean): void {
    const us = Math.max(0, performance.now() - this.#startMs - this.#clockMs) * 1000
    if (rule === undefined) {
      this.#sharedUs += us
      return
    }
    let entry = this.rules.get(rule)
    if (!entry) {
      entry = { times: new Fastest(this.#rows), matched: new Set() }
      this.rules.set(rule, entry)
    }
    entry.times.take(this.row, us)
    if (matched) entry.matched.add(this.row)
  }

  endRow(): void {
    this.shared.take(this.row, this.#sharedUs)
    this.#sharedUs = 0
  }
}

function clockCostMs(): number {
  const times = 10_000
  const startMs = performance.now()
  for (let i = 0; i < times; i++) performance.now()
  return (performance.now() - startMs) / times
}

function run(waf: Waf, row: Row, ledger: RuleLedger | undefined): void {
  const headers = new HeaderList(row.headers)
  const transaction = waf.transaction({ id: row.id, full: true, ...(ledger && { ledger }) })
  transaction.connection({ ip: '192.0.2.10', port: 40_000 }, { ip: '192.0.2.1', port: 80 })
  transaction.uri(row.method, row.target, 'HTTP/1.1')
  for (let i = 0; i < headers.count; i++) transaction.requestHeader(headers.raw[i * 2] ?? '', headers.valueAt(i))
  transaction.requestHeaders()
  const { bytes } = bodyView(headers, row.body, defaultLimits)
  if (bytes.length > 0) transaction.requestBody(bytes)
  transaction.requestBodyDone()
}

const browser = {
  host: 'shop.example.com',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  accept: 'text/html,application/json;q=0.9,*/*;q=0.8',
  'accept-language': 'en-US,en;q=0.5',
  cookie: 'theme=dark; visit=1719400000',
}

const order = {
  customer: 'Ann Example',
  email: 'ann@example.com',
  note: 'Please leave it with the neighbours; the bell doesn’t work.',
  lines: Array.from({ length: 8 }, (_, i) => ({ sku: `A-${100 + i}`, count: i + 1, price: 19.99, gift: i % 2 === 0 })),
}

/** Requests of a plain shop and two attacks, for when there are none of the operator's own. */
export const sampleRows: readonly Row[] = [
  sample('page', 'GET', '/products/42'),
  sample('search', 'GET', '/products?q=red+shoes&sort=price&page=2'),
  sample('api', 'GET', '/api/v1/orders?from=2026-01-01&fields=id,total&limit=50'),
  sample('form', 'POST', '/cart', 'application/x-www-form-urlencoded', 'id=42&count=2&note=for+Ann%21&token=4f1b'),
  sample('json', 'POST', '/api/v1/orders', 'application/json', JSON.stringify(order)),
  sample(
    'upload',
    'POST',
    '/upload',
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n',
  ),
  sample('sql injection', 'GET', '/products?q=1%27%20UNION%20SELECT%20name%2Cpassword%20FROM%20users--'),
  sample('script', 'GET', '/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E'),
]

function sample(id: string, method: string, target: string, type?: string, text = ''): Row {
  const body = Buffer.from(text)
  const headers = Object.entries({
    ...browser,
    ...(type !== undefined && { 'content-type': type, 'content-length': String(body.length) }),
  }).flat()
  return { id, method, target, headers, body, label: '', category: '', source: '' }
}
