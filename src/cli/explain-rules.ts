// What the engine says of one request, rule by rule: the values step by step, the points, and the narrowest exclusion
// that would let it pass, proven by running it.

import type { Problem } from '../lib/problem.ts'
import { type ResolveOptions, resolveRules } from '../rulesets/resolve.ts'
import { createWaf, type Match, type RuleSource, type Waf, type WafTransaction } from '../waf/index.ts'
import { nodePorts } from '../waf/node.ts'
import type { ExplainedRequest } from './explain-request.ts'

export interface RulesReport {
  readonly refusedBy: { readonly id: number; readonly message: string; readonly status: number } | undefined
  readonly matches: readonly Match[]
  readonly points: number
  /** SecLang to load before the rules; undefined when the request passes, or no exclusion of rules lets it pass. */
  readonly exclusion: string | undefined
}

export type RulesResult =
  | { readonly ok: true; readonly report: RulesReport }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Ids of exclusions that we propose; CRS leaves 1 to 99,999 to sites. */
const exclusionId = 90_001

export function explainRules(rules: ResolveOptions, request: ExplainedRequest, body: Uint8Array): RulesResult {
  const loaded = load(rules, [])
  if (!loaded.ok) return loaded
  const transaction = inspect(loaded.waf, request, body)
  const { interruption } = transaction
  const matches = transaction.matches.filter(match => match.points > 0 || match.disruptive)
  const points = matches.reduce((sum, match) => sum + match.points, 0)
  const refusedBy = interruption && {
    id: interruption.rule.id,
    message: interruption.message,
    status: interruption.status,
  }
  const exclusion = interruption && findExclusion(rules, request, body, matches, transaction)
  return { ok: true, report: { refusedBy, matches, points, exclusion } }
}

function load(rules: ResolveOptions, exclusions: readonly RuleSource[]) {
  const resolved = resolveRules({ ...rules, settings: [...(rules.settings ?? []), ...exclusions] })
  if (!resolved.ok) return resolved
  return createWaf({ rules: resolved.sources, ports: nodePorts() })
}

function inspect(waf: Waf, request: ExplainedRequest, body: Uint8Array): WafTransaction {
  const transaction = waf.transaction({ explain: true, full: true })
  transaction.connection({ ip: '192.0.2.2', port: 40_000 }, { ip: '192.0.2.1', port: 80 })
  transaction.uri(request.method, request.target, request.protocol)
  for (let i = 0; i < request.headers.length; i += 2) {
    transaction.requestHeader(request.headers[i] ?? '', request.headers[i + 1] ?? '')
  }
  transaction.requestHeaders()
  if (body.length > 0) transaction.requestBody(body)
  transaction.requestBodyDone()
  return transaction
}

/** Single targets first, then whole rules, each only as many as it takes; only for this method and path. */
function findExclusion(
  rules: ResolveOptions,
  request: ExplainedRequest,
  body: Uint8Array,
  matches: readonly Match[],
  transaction: WafTransaction,
): string | undefined {
  // The rule that adds the points up is not at fault.
  const guilty = matches.filter(match => match.points > 0)
  const causes = (guilty.length > 0 ? guilty : matches).toSorted((a, b) => b.points - a.points)
  const path = transaction.variable('request_filename') ?? ''
  const passes = (text: string): boolean => {
    const loaded = load(rules, [{ name: 'exclusion', text }])
    return loaded.ok && inspect(loaded.waf, request, body).interruption === undefined
  }
  for (const removals of [causes.map(removeTargets), causes.map(removeRule)]) {
    for (let count = 1; count <= removals.length; count++) {
      const text = exclusionText(request.method, path, removals.slice(0, count).flat())
      if (text !== undefined && passes(text)) return text
    }
  }
  return undefined
}

/** Names that need no quoting inside a ctl. */
const plainTarget = /^[A-Z_]+(:[A-Za-z0-9_.[\]$-]+)?$/

function removeTargets(match: Match): string[] {
  const names = [...new Set(match.targets.map(target => target.name))]
  if (names.length === 0 || !names.every(name => plainTarget.test(name))) return removeRule(match)
  return names.map(name => `ctl:ruleRemoveTargetById=${match.rule.id};${name}`)
}

function removeRule(match: Match): string[] {
  return [`ctl:ruleRemoveById=${match.rule.id}`]
}

function exclusionText(method: string, path: string, controls: readonly string[]): string | undefined {
  // A path or method that can't stand in quotes is no place for an exclusion.
  if (!/^[A-Z-]+$/.test(method) || !/^[^"\\%\x00-\x20\x7f]+$/.test(path)) return undefined
  const list = [...new Set(controls)].join(',\\\n    ')
  return `SecRule REQUEST_METHOD "@streq ${method}" \\
    "id:${exclusionId},phase:1,pass,nolog,t:none,chain"
  SecRule REQUEST_FILENAME "@streq ${path}" \\
    "t:none,\\
    ${list}"
`
}
