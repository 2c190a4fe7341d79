// Makes the security event of an exchange: one flat JSON object with ECS field names and `merlon.*`. Clean requests
// have none. Runs in the worker, so that nothing secret and nothing unbounded leaves it.

import { bytesToUtf8 } from '../lib/bytes.ts'
import { GatewayError } from '../lib/errors.ts'
import type { ClientTls, Exchange } from '../pipeline/exchange.ts'
import type { Evidence, Finding, Reason } from '../pipeline/verdict.ts'
import type { StoredEvent } from '../store/store.ts'
import { excerpt, printable } from './excerpt.ts'
import { isSecretPlace, masked, maskText } from './mask.ts'

/** What became of a request. */
export type Action = 'allow' | 'answer' | 'deny' | 'would-deny' | 'fail'

/** ECS leaves the scale to who writes: of 100. */
const incidentSeverity = 90
const findingsMax = 32
const evidenceMax = 32
const textMax = 1024
/** What is shorter tells nothing, and stands in other words too. */
const secretMin = 3

/** Failures that say nothing about security, and happen all day. */
const everyday: ReadonlySet<string> = new Set(['CLIENT_ABORTED', 'NO_ROUTE', 'DRAINING', 'MAINTENANCE'])

export function actionOf(ex: Exchange): Action {
  if (ex.verdict) return ex.verdict.kind === 'answer' ? 'answer' : 'deny'
  if (ex.failure && (isStalled(ex.failure) || !(ex.aborted || isEveryday(ex.failure)))) return 'fail'
  return ex.findings.some(isWouldDeny) ? 'would-deny' : 'allow'
}

/** The event to keep, or undefined for clean traffic. What was allowed leaves one when somebody has to be told. */
export function eventOf(ex: Exchange): StoredEvent | undefined {
  const action = actionOf(ex)
  const isIncident = ex.findings.some(isOfIncident)
  if (action === 'allow' && !isIncident) return undefined
  const { guard, reason } = decisive(ex, action)
  const path = maskText(display(ex.path))
  const query = ex.query === '' ? undefined : maskText(display(ex.query))
  const { received } = ex.request
  const original = received === undefined ? undefined : maskText(display(received))
  const agent = ex.headers.get('user-agent')
  const event = {
    '@timestamp': new Date(ex.startedAtMs).toISOString(),
    event: {
      id: ex.reference,
      // ECS: `alert` is for people. Every other event is for whoever looks.
      kind: isIncident ? 'alert' : 'event',
      severity: isIncident ? incidentSeverity : undefined,
      action,
      outcome: action === 'deny' || action === 'fail' ? 'failure' : 'success',
      category: ['web', 'intrusion_detection'],
      duration: Math.round((performance.now() - ex.startedMs) * 1e6),
    },
    http: {
      version: ex.request.protocol.slice(5),
      request: { method: display(ex.method), body: { bytes: ex.body.bytes.length } },
      response: { status_code: ex.status },
    },
    url: { scheme: ex.client.secure ? 'https' : 'http', domain: display(ex.host), path, query, original },
    client: { ip: ex.client.ip, port: ex.client.port },
    tls: describeTls(ex.client.tls),
    user_agent: agent === undefined ? undefined : { original: maskText(display(agent)) },
    merlon: {
      reference: ex.reference,
      route: ex.route.name,
      mode: ex.route.mode,
      guard,
      code: reason.code,
      detail: told(reason.detail, reason.evidence),
      score: scoreOf(ex),
      ja4: ex.client.tls?.ja4,
      http_fingerprint: ex.client.http,
      findings: ex.findings.slice(0, findingsMax).map(describeFinding),
      us: Math.round(ex.inspectUs),
      principal: ex.principal === undefined ? undefined : { kind: ex.principal.kind, id: display(ex.principal.id) },
      upstream: ex.upstream === '' ? undefined : ex.upstream,
      uninspected_bytes: ex.uninspectedBytes === 0 ? undefined : ex.uninspectedBytes,
      failure: ex.failure === undefined ? undefined : describeFailure(ex.failure),
    },
  }
  return {
    reference: ex.reference,
    timeMs: ex.startedAtMs,
    action,
    guard,
    clientIp: ex.client.ip,
    path,
    json: JSON.stringify(event),
  }
}

/** The finding that decided: the enforced one, the first that would have been, or the first of an incident. */
function decisive(ex: Exchange, action: Action): { guard: string; reason: Reason } {
  if (ex.verdict) {
    const { reason } = ex.verdict
    const finding = ex.findings.findLast(({ verdict }) => verdict === ex.verdict)
    return { guard: finding?.guard ?? reason.code.slice(0, reason.code.indexOf('.')), reason }
  }
  const decides = action === 'would-deny' ? isWouldDeny : isOfIncident
  const finding = action === 'fail' ? undefined : ex.findings.find(decides)
  if (finding) return { guard: finding.guard, reason: finding.verdict.reason }
  const code = ex.failure instanceof GatewayError ? ex.failure.code : 'GUARD_FAILED'
  return { guard: 'gateway', reason: { code: `gateway.${code}`, detail: ex.failure?.message ?? '' } }
}

/** Points of flags, which the runner adds up, and of the evidence of verdicts, which it can't. */
function scoreOf({ score, findings }: Exchange): number {
  let sum = score
  for (const { verdict } of findings) {
    if (verdict.kind !== 'flag') for (const { points } of verdict.reason.evidence ?? []) sum += points
  }
  return sum
}

function isOfIncident({ verdict }: Finding): boolean {
  return verdict.reason.isIncident === true
}

function isWouldDeny({ mode, verdict }: Finding): boolean {
  return mode === 'monitor' && verdict.kind !== 'flag'
}

/** We have cut it, so it is no client that went away by itself. */
function isStalled(failure: Error): boolean {
  return failure instanceof GatewayError && failure.code === 'CLIENT_STALLED'
}

function isEveryday(failure: Error): boolean {
  return failure instanceof GatewayError && everyday.has(failure.code)
}

function describeFinding({ guard, phase, mode, verdict }: Finding): object {
  const { evidence = [] } = verdict.reason
  return {
    guard,
    phase,
    mode,
    kind: verdict.kind,
    code: verdict.reason.code,
    detail: told(verdict.reason.detail, evidence),
    evidence: evidence.slice(0, evidenceMax).map(proof => describeEvidence(proof, evidence)),
  }
}

function describeEvidence(proof: Evidence, all: readonly Evidence[]): object {
  const { rule, message, where, match, span, points } = proof
  // A rule may have looked at the same value again, as MATCHED_VAR.
  const secret = all.find(other => other.match === match && isSecretPlace(other.where))
  const shown = excerpt(secret?.where ?? where, match, span)
  return {
    rule,
    message: told(message, all),
    where: display(where),
    match: shown.text,
    span: shown.span,
    points,
  }
}

function describeTls(tls: ClientTls | undefined): object | undefined {
  if (!tls) return undefined
  const { version, sni, certificate } = tls
  return {
    version: version.slice(4),
    client: {
      server_name: sni === '' ? undefined : sni,
      subject: certificate && display(certificate.subject),
      spiffe_id: certificate?.spiffeId,
      hash: certificate && { sha256: certificate.fingerprint },
    },
  }
}

/** What a guard says, without what it repeats of secret places. */
function told(text: string, evidence: readonly Evidence[] = []): string {
  let result = text
  for (const { where, match } of evidence) {
    if (match.length >= secretMin && isSecretPlace(where)) result = result.replaceAll(match, masked)
  }
  return maskText(display(result))
}

function describeFailure(failure: Error): object {
  const code = failure instanceof GatewayError ? failure.code : failure.name
  return { code, message: maskText(display(failure.message)) }
}

/** Byte strings and messages as bounded text that a terminal can show. */
function display(text: string): string {
  const short = text.length > textMax ? `${text.slice(0, textMax)}…` : text
  return printable(/[^\0-\xff]/.test(short) ? short : bytesToUtf8(short))
}
