// What the engine says of one request, rule by rule: the values step by step, the points, and the narrowest exclusion
// that would let it pass, proven by running it.

import { triedExclusions } from '../guards/waf/exclusions.ts'
import type { ExclusionOptions } from '../guards/waf/options.ts'
import { proposeExclusions } from '../guards/waf/propose.ts'
import type { Problem } from '../lib/problem.ts'
import type { Placements } from '../pipeline/placements.ts'
import { type ResolveOptions, resolveRules } from '../rulesets/resolve.ts'
import { createWaf, type Match, type RuleSource, type Waf, type WafTransaction } from '../waf/index.ts'
import { nodePorts } from '../waf/node.ts'
import type { ExplainedRequest } from './explain-request.ts'

export interface RulesReport {
  readonly refusedBy: { readonly id: number; readonly message: string; readonly status: number } | undefined
  readonly matches: readonly Match[]
  readonly points: number
  /** As the config takes them; undefined when the request passes, or no exclusion of rules lets it pass. */
  readonly exclusions: readonly ExclusionOptions[] | undefined
}

export type RulesResult =
  | { readonly ok: true; readonly report: RulesReport }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function explainRules(
  rules: ResolveOptions,
  request: ExplainedRequest,
  body: Uint8Array,
  placements: Placements | undefined,
): RulesResult {
  const loaded = load(rules, [])
  if (!loaded.ok) return loaded
  const transaction = inspect(loaded.waf, request, body, placements)
  const { interruption } = transaction
  const matches = transaction.matches.filter(match => match.points > 0 || match.disruptive)
  const points = matches.reduce((sum, match) => sum + match.points, 0)
  const refusedBy = interruption && {
    id: interruption.rule.id,
    message: interruption.message,
    status: interruption.status,
  }
  const exclusions = interruption && findExclusion(rules, request, body, placements, matches, transaction)
  return { ok: true, report: { refusedBy, matches, points, exclusions } }
}

function load(rules: ResolveOptions, exclusions: readonly RuleSource[]) {
  const resolved = resolveRules({ ...rules, settings: [...(rules.settings ?? []), ...exclusions] })
  if (!resolved.ok) return resolved
  return createWaf({ rules: resolved.sources, ports: nodePorts() })
}

function inspect(
  waf: Waf,
  request: ExplainedRequest,
  body: Uint8Array,
  placements: Placements | undefined,
): WafTransaction {
  const transaction = waf.transaction({ explain: true, full: true, placements })
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

/** Single fields first, then whole rules, each only as many as it takes; only for this method and path. */
function findExclusion(
  rules: ResolveOptions,
  request: ExplainedRequest,
  body: Uint8Array,
  placements: Placements | undefined,
  matches: readonly Match[],
  transaction: WafTransaction,
): readonly ExclusionOptions[] | undefined {
  // The rule that adds the points up is not at fault.
  const guilty = matches.filter(match => match.points > 0)
  const causes = (guilty.length > 0 ? guilty : matches).toSorted((a, b) => b.points - a.points)
  const path = transaction.variable('request_filename') ?? ''
  const passes = (found: readonly ExclusionOptions[]): boolean => {
    const loaded = load(rules, [triedExclusions(found)])
    return loaded.ok && inspect(loaded.waf, request, body, placements).interruption === undefined
  }
  const inFields = causes.map(({ rule, targets }) => targets.map(({ name }) => ({ rule: rule.id, where: name })))
  const whole = causes.map(({ rule }) => [{ rule: rule.id, where: '' }])
  for (const removals of [inFields, whole]) {
    for (let count = 1; count <= removals.length; count++) {
      const found = proposeExclusions(request.method, path, removals.slice(0, count).flat(), Date.now())
      if (found !== undefined && found.length > 0 && passes(found)) return found
    }
  }
  return undefined
}
