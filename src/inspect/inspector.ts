// Judges rows without a socket, as a gateway in protect mode with default settings would: strict framing, the bounds of
// a body, and the WAF; no other guard. Each row is alone: nothing is remembered from one to the next.

import { evidenceOf } from '../guards/waf/evidence.ts'
import { bodyCoding, refuseEncoding, settingsOf, verdictOf } from '../guards/waf/index.ts'
import { wafOptions } from '../guards/waf/options.ts'
import { warmUp } from '../guards/waf/warm-up.ts'
import { bytesToUtf8 } from '../lib/bytes.ts'
import type { Problem } from '../lib/problem.ts'
import { checkFraming } from '../listen/framing.ts'
import { isDecodable } from '../pipeline/content-coding.ts'
import { HeaderList } from '../pipeline/headers.ts'
import { defaultLimits } from '../pipeline/limits.ts'
import type { Evidence, Verdict } from '../pipeline/verdict.ts'
import { resolveRules } from '../rulesets/resolve.ts'
import type { Preset } from '../rulesets/setup-values.ts'
import { createWaf } from '../waf/index.ts'
import { nodeFilePort } from '../waf/node.ts'
import type { Match, RuleSource, Waf, WafTransaction } from '../waf/types.ts'
import { bodyView } from './body-view.ts'
import type { Row } from './row.ts'

export interface InspectorOptions {
  /** `builtin`, `crs`, or a path each; `builtin` when there are none. */
  readonly rules?: readonly string[]
  readonly paranoia?: number
  readonly threshold?: number
  /** Of the built-in rules; balanced by default. */
  readonly preset?: Preset
  /** Evaluates every rule even after the decision, so that all that match are found. */
  readonly full?: boolean
  readonly stateDir?: string
  /** Loaded before the rules: exclusions that are tried. */
  readonly settings?: readonly RuleSource[]
}

export interface InspectResult {
  readonly id: string
  /** What protect mode would do. */
  readonly action: 'allow' | 'block'
  /** What the client would get; 200 stands for what an upstream would say. */
  readonly status: number
  readonly score: number
  readonly findings: readonly InspectFinding[]
  /** CPU time of the inspection alone, in microseconds. */
  readonly us: number
}

export interface InspectFinding {
  readonly guard: string
  /** Stable: `waf.rule`, `http.host`, … */
  readonly code: string
  readonly rule: string
  readonly message: string
  readonly where: string
  /** The decoded value that was judged, cut to a length for reading. */
  readonly match: string
  readonly points: number
}

export type CreateInspectorResult =
  | { readonly ok: true; readonly inspector: Inspector; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function createInspector(options: InspectorOptions = {}): CreateInspectorResult {
  const rules = options.rules && options.rules.length > 0 ? options.rules : ['builtin']
  const defaults = wafOptions.parse({})
  const resolved = resolveRules({
    rules,
    paranoia: options.paranoia ?? defaults.paranoia,
    threshold: options.threshold ?? defaults.threshold,
    preset: options.preset ?? defaults.preset,
    settings: [settingsOf(defaultLimits), ...(options.settings ?? [])],
    ...(options.stateDir !== undefined && { stateDir: options.stateDir }),
  })
  if (!resolved.ok) return resolved
  const created = createWaf({ rules: resolved.sources, ports: { files: nodeFilePort(), now: Date.now } })
  if (!created.ok) return created
  warmUp(created.waf)
  return { ok: true, inspector: new Inspector(created.waf, options.full ?? false), warnings: created.warnings }
}

export class Inspector {
  readonly #waf: Waf
  readonly #full: boolean

  constructor(waf: Waf, full: boolean) {
    this.#waf = waf
    this.#full = full
  }

  inspect(row: Row): InspectResult {
    // The clock of the thread's CPU is too coarse for one row; nothing here waits, so wall time is CPU time.
    const startMs = performance.now()
    const judged = this.#judge(row)
    const us = Math.round((performance.now() - startMs) * 1000)
    const { verdict, findings, score } = judged
    const action = verdict === undefined ? 'allow' : 'block'
    return { id: row.id, action, status: statusOf(verdict), score, findings, us }
  }

  #judge(row: Row): Judgement {
    const fault = checkFraming(row.method, row.target, 'HTTP/1.1', row.headers)
    if (fault) {
      const verdict = deny(fault.status, fault.code, fault.detail)
      if (!this.#full) return refusal('framing', verdict)
      return merge(refusal('framing', verdict), this.#inspect(row))
    }
    return this.#inspect(row)
  }

  #inspect(row: Row): Judgement {
    const headers = new HeaderList(row.headers)
    const view = bodyView(headers, row.body, defaultLimits)
    const coding = bodyCoding({ headers })
    const isOpaque = coding !== undefined && !view.isDecoded
    // In the order of the gateway: what the headers say, then how the body came, then what it holds.
    const transaction = this.#begin(row)
    const atHeaders = transaction.requestHeaders()
    if (atHeaders && !this.#full) return conclude(transaction)
    let early = view.refusal === undefined ? undefined : refusal('body', view.refusal)
    if (isOpaque && (!isDecodable(coding) || view.bytes.length > 0)) early ??= refusal('waf', refuseEncoding(coding))
    if (early && !this.#full) return early
    if (view.bytes.length > 0 && !isOpaque) transaction.requestBody(view.bytes)
    transaction.requestBodyDone()
    const judged = conclude(transaction)
    return early ? merge(early, judged) : judged
  }

  #begin(row: Row): WafTransaction {
    const transaction = this.#waf.transaction({ id: row.id, full: this.#full })
    transaction.connection({ ip: '192.0.2.10', port: 40_000 }, { ip: '192.0.2.1', port: 80 })
    transaction.uri(row.method, row.target, 'HTTP/1.1')
    for (let i = 0; i < row.headers.length; i += 2) {
      transaction.requestHeader(row.headers[i] ?? '', row.headers[i + 1] ?? '')
    }
    return transaction
  }
}

interface Judgement {
  readonly verdict: Verdict | undefined
  readonly findings: readonly InspectFinding[]
  readonly score: number
}

function conclude(transaction: WafTransaction): Judgement {
  const { matches, interruption } = transaction
  const verdict = verdictOf(interruption, transaction)
  const evidence = verdict?.reason.evidence ?? evidenceOf(matches.filter(hasPoints), undefined)
  let score = 0
  for (const match of matches) score += match.points
  return { verdict, findings: evidence.map(one => finding('waf', verdict?.reason.code ?? 'waf.rule', one)), score }
}

function hasPoints(match: Match): boolean {
  return match.points > 0
}

function refusal(guard: string, verdict: Verdict): Judgement {
  const { code, detail, evidence } = verdict.reason
  const [proof] = evidence ?? [{ rule: code, message: detail, where: '', match: '', points: 0 }]
  return { verdict, findings: proof ? [finding(guard, code, proof)] : [], score: 0 }
}

/** The first verdict holds; findings of both are told. */
function merge(first: Judgement, second: Judgement): Judgement {
  return { verdict: first.verdict, findings: [...first.findings, ...second.findings], score: second.score }
}

const maxMatchLength = 1024

function finding(guard: string, code: string, evidence: Evidence): InspectFinding {
  const { rule, message, where, match, points } = evidence
  const text = bytesToUtf8(match.length > maxMatchLength ? match.slice(0, maxMatchLength) : match)
  return { guard, code, rule, message: bytesToUtf8(message), where: bytesToUtf8(where), match: text, points }
}

function statusOf(verdict: Verdict | undefined): number {
  if (verdict === undefined) return 200
  return verdict.kind === 'flag' ? 403 : verdict.status
}

function deny(status: number, code: `${string}.${string}`, detail: string): Verdict {
  return { kind: 'deny', status, reason: { code, detail } }
}
