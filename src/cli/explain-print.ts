// An explanation as text for a person, or as JSON. Bytes that a terminal would act on are shown as escapes.

import { tellingMatches } from '../guards/waf/evidence.ts'
import { exclusionYaml } from '../guards/waf/propose.ts'
import { type ByteString, bytesToUtf8 } from '../lib/bytes.ts'
import type { LearnedField } from '../pipeline/learned.ts'
import type { Match, MatchedTarget } from '../waf/types.ts'
import { costText, type ExclusionCost } from './exclusion-cost.ts'
import type { GuardReport } from './explain-guards.ts'
import type { ExplainedRequest } from './explain-request.ts'
import type { RulesReport } from './explain-rules.ts'

export interface ExplainReport {
  readonly request: ExplainedRequest
  readonly config: string
  /** Empty when no route takes the request. */
  readonly route: string
  readonly guards: readonly GuardReport[]
  readonly rules: RulesReport | undefined
  /** Fields of the operation that traffic has shown to hold rich text, and whether the route goes by that. */
  readonly learned: readonly (LearnedField & { readonly isApplied: boolean })[]
  /** Of the exclusion, when a corpus was given. */
  readonly cost: ExclusionCost | undefined
}

const shownMax = 160

export function explainText({ request, config, route, guards, rules, learned, cost }: ExplainReport): string {
  const { method, target, framing, notes, body } = request
  const size = body.length > 0 ? `, body of ${body.length} bytes` : ''
  const lines = [`${show(method)} ${show(target)}${size}`, ...notes.map(note => `  note: ${note}`), '']
  lines.push(`framing   ${framing ? `refuses: ${framing.code}, ${framing.detail}` : 'good'}`)
  if (route === '') {
    if (!framing) lines.push(`route     none of ${config} takes it: 404`)
    return lines.join('\n')
  }
  lines.push(`route     ${route} of ${config}`)
  for (const report of guards) lines.push(`${report.guard.padEnd(9)} ${verdictText(report)} (${report.us} µs)`)
  lines.push(...learned.map(learnedText))
  const told = tellingMatches(rules?.matches ?? [])
  if (told.length > 0) lines.push('', 'What the rules found:')
  for (const match of told) lines.push('', ...matchText(match))
  if (rules?.refusedBy) {
    const { id, message } = rules.refusedBy
    lines.push(
      '',
      `Refused by rule ${id}${message ? `: ${show(message)}` : ''}, ${rules.points} points in all.`,
      '',
      ...exclusionText(rules, cost),
    )
  }
  return lines.join('\n')
}

function learnedText({ field, clients, learnedAtMs, isApplied }: ExplainReport['learned'][number]): string {
  const since = new Date(learnedAtMs).toISOString().slice(0, 10)
  const use = isApplied ? 'treated so' : 'only proposed, see guards.waf.learnRichText'
  return `learned   ${show(field)} holds rich text, as ${clients} clients had shown by ${since}; ${use}`
}

function exclusionText({ exclusions }: RulesReport, cost: ExclusionCost | undefined): string[] {
  if (exclusions === undefined) return ['No exclusion of rules for this method and path would let it pass.']
  return [
    'If this is a false positive, the narrowest exclusion that lets it pass, to put under guards.waf:',
    '',
    ...exclusionYaml(exclusions)
      .split('\n')
      .map(line => `  ${line}`),
    ...(cost ? ['', ...costText(cost).split('\n')] : []),
  ]
}

function verdictText({ verdict, phase, mode }: GuardReport): string {
  if (!verdict) return 'lets it pass'
  const { code, detail } = verdict.reason
  const where = `${code} at ${phase}: ${show(detail)}`
  if (verdict.kind === 'flag') return `${verdict.points} points, ${where}`
  const does = verdict.kind === 'deny' ? `refuses with ${verdict.status}` : `answers ${verdict.status}`
  return mode === 'monitor' ? `would refuse with ${verdict.status} (monitor), ${where}` : `${does}, ${where}`
}

function matchText({ rule, message, points, targets, phase }: Match): string[] {
  const paranoia = rule.paranoia > 1 ? `, paranoia ${rule.paranoia}` : ''
  const head = `  rule ${rule.id}  ${show(message || rule.message)}`
  return [
    head,
    `    ${points} points, phase ${phase}${paranoia}, ${rule.file}:${rule.line}`,
    ...targets.flatMap(targetText),
  ]
}

function targetText({ name, value, span, steps }: MatchedTarget): string[] {
  const lines = [`    ${show(name)}`]
  for (const [i, step] of (steps ?? []).entries()) {
    const by = i === 0 ? 'value' : `t:${step.transformation}`
    if (i === 0 || step.value !== steps?.[i - 1]?.value) lines.push(`      ${by.padEnd(20)} ${show(step.value)}`)
  }
  if (!steps) lines.push(`      ${'value'.padEnd(20)} ${show(value)}`)
  if (span)
    lines.push(`      ${'matched'.padEnd(20)} ${show(value.slice(span[0], span[1]))}  (bytes ${span[0]} to ${span[1]})`)
  return lines
}

/** Readable and bounded; control bytes as \xHH. */
function show(bytes: ByteString): string {
  const cut = bytes.length > shownMax ? `${bytes.slice(0, shownMax)}` : bytes
  const text = /[^\0-\xff]/.test(cut) ? cut : bytesToUtf8(cut)
  const plain = text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escapeCode)
  return bytes.length > shownMax ? `${plain}… (${bytes.length} bytes)` : plain
}

function escapeCode(character: string): string {
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

export function explainJson({ request, config, route, guards, rules, learned, cost }: ExplainReport): object {
  const { method, target, framing, notes } = request
  return {
    request: { method: bytesToUtf8(method), target: bytesToUtf8(target), bodyBytes: request.body.length, notes },
    framing: framing ?? null,
    config,
    route: route === '' ? null : route,
    guards: guards.map(({ guard, mode, verdict, phase, us }) => ({
      guard,
      mode,
      verdict: verdict?.kind ?? 'pass',
      status: verdict && verdict.kind !== 'flag' ? verdict.status : null,
      code: verdict?.reason.code ?? null,
      detail: verdict ? bytesToUtf8(verdict.reason.detail) : null,
      phase: phase ?? null,
      us,
    })),
    matches: (rules?.matches ?? []).map(matchJson),
    points: rules?.points ?? 0,
    learned,
    exclusions: rules?.exclusions ?? null,
    exclusionCost: cost ?? null,
  }
}

function matchJson({ rule, message, phase, points, targets }: Match): object {
  const { id, paranoia, file, line, severity } = rule
  const values = targets.map(({ name, value, span, steps }) => ({
    name: bytesToUtf8(name),
    value: bytesToUtf8(value),
    span: span ?? null,
    steps: (steps ?? []).map(step => ({ transformation: step.transformation, value: bytesToUtf8(step.value) })),
  }))
  return {
    rule: id,
    message: bytesToUtf8(message || rule.message),
    phase,
    points,
    paranoia,
    severity: severity ?? null,
    file,
    line,
    targets: values,
  }
}
