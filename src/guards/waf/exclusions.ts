// Exclusions and rich-text fields of the config as rules: what a rule no longer looks at, on one method and path, until a
// day. Each is a chain that the engine folds into the transaction; an expired one ends by the clock, without a reload.

import type { Problem } from '../../lib/problem.ts'
import type { RuleSource } from '../../waf/types.ts'
import { writtenAbout } from '../../waf/variables/placement.ts'
import type { ExclusionOptions, RichTextOptions, WafOptions } from './options.ts'

/** Ids of rules that are generated here; sets and sites use none of them. */
const firstExclusion = 77_001_000
const firstTried = 77_001_500
const firstRichText = 77_002_000
const firstPlacement = 77_004_000

export type SiteRules = Pick<WafOptions, 'rules' | 'exclusions' | 'richText'>

/** What stands before the rule sets: rules on what is known of values, and what the config takes out of rules. */
export function siteRules({ rules, exclusions, richText }: SiteRules): RuleSource[] {
  const weigh = weighingIn(rules)
  const text = [
    ...exclusions.map((one, i) => exclusionRule(one, firstExclusion + i)),
    ...richText.map((rich, i) => richTextRules(rich, i, weigh)),
  ].join('')
  const placements = { name: 'what is known of values', text: placementRules(weigh) }
  return text === '' ? [placements] : [placements, { name: 'exclusions of the config', text }]
}

/** Exclusions that are tried beside those of the config. */
export function triedExclusions(exclusions: readonly ExclusionOptions[]): RuleSource {
  const text = exclusions.map((exclusion, i) => exclusionRule(exclusion, firstTried + i)).join('')
  return { name: 'exclusions that are tried', text }
}

/** How a rule that is sure counts: by points where the built-in rules add them up, else alone. */
function weighingIn(rules: readonly string[]): Weighing {
  return rules.includes('builtin')
    ? { disruption: 'pass', points: ",setvar:'tx.inbound_anomaly_score=+%{tx.critical_anomaly_score}'" }
    : { disruption: 'deny,status:403', points: '' }
}

interface Weighing {
  readonly disruption: string
  readonly points: string
}

function placementRules({ disruption, points }: Weighing): string {
  const rule = (id: number, target: string, operator: string, message: string): string =>
    `SecRule ${target} "${operator}" "id:${firstPlacement + id},phase:2,${disruption},log,capture,t:none,msg:'${message}',severity:'CRITICAL'${points}"\n`
  return [
    rule(0, 'BROKEN_FORMS', '@unconditionalMatch', 'The value leaves the form that its field has by contract'),
    rule(1, 'RICH_TEXT', '@detectXSS text', 'Markup that runs script, outside blocks of code'),
    rule(2, 'RICH_TEXT', '@detectSQLi text', 'The text leaves a string of an SQL statement'),
  ].join('')
}

/** Seconds since the epoch at which it ends: the end of the day, in UTC, when there is no time. */
function expiryOf({ expires }: ExclusionOptions): number {
  if (expires === undefined) return Number.POSITIVE_INFINITY
  return Date.parse(expires.length === 10 ? `${expires}T23:59:59Z` : expires) / 1000
}

export function expiredWarnings(exclusions: readonly ExclusionOptions[], nowMs: number): Problem[] {
  return exclusions.flatMap((exclusion, i) => {
    if (expiryOf(exclusion) * 1000 > nowMs) return []
    const message = `the exclusion of rule ${exclusion.rule} on ${exclusion.path} ended on ${exclusion.expires} and is off`
    const path = `guards.waf.exclusions.${i}`
    const hint = 'remove it, or give it another day if it is still needed'
    return [
      {
        code: 'waf.exclusion-expired',
        severity: 'warning' as const,
        file: '',
        line: 0,
        column: 0,
        path,
        message,
        hint,
      },
    ]
  })
}

function exclusionRule(exclusion: ExclusionOptions, id: number): string {
  const { rule, field, method, path } = exclusion
  const controls =
    field === undefined
      ? [`ctl:ruleRemoveById=${rule}`]
      : targetsOf(field).map(name => `ctl:ruleRemoveTargetById=${rule};${name}`)
  const expiry = expiryOf(exclusion)
  const conditions = [
    pathCondition(path),
    ...(method === undefined ? [] : [`REQUEST_METHOD "@streq ${method}"`]),
    ...(Number.isFinite(expiry) ? [`TIME_EPOCH "@lt ${Math.trunc(expiry)}"`] : []),
  ]
  return chain(conditions, `id:${id},phase:1,pass,nolog,t:none`, controls)
}

/** A field, and what it says behind further encodings. */
function targetsOf(field: string): string[] {
  return /^(LAYERS|RICH_TEXT|BROKEN_FORMS)\b/.test(field) ? [field] : [field, `LAYERS:${field}`]
}

function pathCondition(path: string): string {
  return path.endsWith('*')
    ? `REQUEST_FILENAME "@beginsWith ${path.slice(0, -1)}"`
    : `REQUEST_FILENAME "@streq ${path}"`
}

/** Rules about code leave the field alone; in their place stand those that tell exploitation from talk about it. */
function richTextRules({ path, field }: RichTextOptions, i: number, weigh: Weighing): string {
  const controls = writtenAbout.flatMap(tag => targetsOf(field).map(name => `ctl:ruleRemoveTargetByTag=${tag};${name}`))
  const id = firstRichText + i * 3
  const targets = targetsOf(field).join('|')
  return [
    chain([pathCondition(path)], `id:${id},phase:1,pass,nolog,t:none`, controls),
    judging(id + 1, path, targets, '@detectXSS text', 'Markup that runs script, outside blocks of code', weigh),
    judging(id + 2, path, targets, '@detectSQLi text', 'The text leaves a string of an SQL statement', weigh),
  ].join('')
}

function judging(
  id: number,
  path: string,
  targets: string,
  operator: string,
  message: string,
  { disruption, points }: Weighing,
): string {
  return `SecRule ${pathCondition(path)} "id:${id},phase:2,${disruption},log,t:none,msg:'${message}',severity:'CRITICAL',chain"
  SecRule ${targets} "${operator}" "capture,t:none${points}"
`
}

function chain(conditions: readonly string[], head: string, controls: readonly string[]): string {
  const last = conditions.length - 1
  return conditions
    .map((condition, i) => {
      const actions = [i === 0 ? head : 't:none', ...(i < last ? ['chain'] : controls)]
      return `${i === 0 ? '' : '  '}SecRule ${condition} "${actions.join(',')}"\n`
    })
    .join('')
}
