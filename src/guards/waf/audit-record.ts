// One transaction as a line of ModSecurity 3's JSON audit log, so that tools that read that log read ours. Differences:
// a header that came twice is one key with both values, bodies are cut, and `reference` has no place in the raw request.

import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { isSecretPlace, masked, maskText } from '../../events/mask.ts'
import { type ByteString, bufferToBytes, bytesToUtf8 } from '../../lib/bytes.ts'
import { mediaType } from '../../pipeline/body.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { HeaderList } from '../../pipeline/headers.ts'
import type { Match, MatchedTarget, Severity, WafSettings, WafTransaction } from '../../waf/types.ts'

export interface AuditRecordOptions {
  /** SecAuditLogParts: B request headers, C and I request body, E response body, F response headers, H rules. */
  readonly parts: string
  /** Whether what looks secret is masked, as in events. */
  readonly mask: boolean
}

/** Masking is done on the core that serves requests: this bounds what a hostile body can make it cost. */
const bodyBytesMax = 16 * 1024
const matchesMax = 200
const parameterMax = 200
const valueMax = 100

export function auditRecord(
  ex: Exchange,
  transaction: WafTransaction,
  settings: Pick<WafSettings, 'engine' | 'components'>,
  { parts, mask }: AuditRecordOptions,
): string {
  const hide = mask ? maskText : (text: string) => text
  const has = (letter: string) => parts.includes(letter)
  const hidesBody = !has('C') && mediaType(ex.headers.get('content-type')) === 'multipart/form-data'
  const body = (has('C') || has('I')) && !hidesBody ? bodyText(ex.body.bytes) : undefined
  const response = {
    body: has('E') ? hide(bodyText(ex.responseBody ?? new Uint8Array(0))) : undefined,
    http_code: ex.status,
    headers: has('F') ? headersOf(ex.response?.headers, 'RESPONSE_HEADERS', mask) : undefined,
  }
  const rules = has('H') ? { producer: producer(settings), messages: messagesOf(transaction.matches, mask) } : {}
  const record = {
    client_ip: ex.client.ip,
    time_stamp: timeStamp(new Date(ex.startedAtMs)),
    server_id: serverId(),
    client_port: ex.client.port,
    host_ip: ex.request.localIp,
    host_port: ex.request.localPort,
    unique_id: ex.reference,
    request: {
      method: bytesToUtf8(ex.method),
      http_version: Number(ex.request.protocol.slice(5)),
      uri: hide(bytesToUtf8(ex.request.target)),
      body: body === undefined ? undefined : hide(body),
      headers: has('B') ? headersOf(ex.headers, 'REQUEST_HEADERS', mask) : undefined,
    },
    response,
    ...rules,
  }
  return JSON.stringify({ transaction: record })
}

function bodyText(bytes: Uint8Array): string {
  return bytesToUtf8(bufferToBytes(bytes.subarray(0, bodyBytesMax)))
}

function headersOf(headers: HeaderList | undefined, collection: string, mask: boolean): Record<string, string> {
  const result = new Map<string, string>()
  for (let i = 0; headers && i < headers.count; i++) {
    const name = bytesToUtf8(headers.raw[i * 2] ?? '')
    const text = bytesToUtf8(headers.valueAt(i))
    const shown = !mask ? text : isSecretPlace(`${collection}:${name}`) ? masked : maskText(text)
    const known = result.get(name)
    result.set(name, known === undefined ? shown : `${known}, ${shown}`)
  }
  return Object.fromEntries(result)
}

const engineStates = { on: 'Enabled', off: 'Disabled', 'detection-only': 'DetectionOnly' } as const

function producer({ engine, components }: Pick<WafSettings, 'engine' | 'components'>): object {
  return { modsecurity: 'Merlon', connector: 'Merlon', secrules_engine: engineStates[engine], components }
}

const severities: readonly Severity[] = [
  'EMERGENCY',
  'ALERT',
  'CRITICAL',
  'ERROR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG',
]

function messagesOf(matches: readonly Match[], mask: boolean): object[] {
  return matches.slice(0, matchesMax).map(match => {
    const { rule, targets } = match
    const hide = (text: string) => (mask ? maskValues(text, targets) : text)
    const target = targets.at(-1)
    return {
      message: hide(match.message),
      details: {
        match: target === undefined ? '' : hide(matchText(target, mask)),
        reference: targets.map(referenceOf).join(''),
        ruleId: String(rule.id),
        file: rule.file,
        lineNumber: String(rule.line),
        data: hide(match.logData),
        severity: String(rule.severity === undefined ? 0 : severities.indexOf(rule.severity)),
        ver: rule.version,
        rev: rule.revision,
        tags: rule.tags,
        maturity: String(rule.maturity),
        accuracy: String(rule.accuracy),
      },
    }
  })
}

/** Masks what looks secret, and whatever stood in a secret place: log data repeats it. */
function maskValues(text: string, targets: readonly MatchedTarget[]): string {
  let result = text
  for (const { name, value } of targets) {
    if (value !== '' && isSecretPlace(name)) result = result.replaceAll(bytesToUtf8(value), masked)
  }
  return maskText(result)
}

function matchText({ name, value, check }: MatchedTarget, mask: boolean): string {
  const operator = check.operator.slice(0, 1).toUpperCase() + check.operator.slice(1)
  const parameter = limited(bytesToUtf8(check.argument), parameterMax)
  const shown = mask && isSecretPlace(name) ? masked : limited(printable(value), valueMax)
  return `Matched "Operator \`${operator}' with parameter \`${parameter}' against variable \`${printable(name)}' (Value: \`${shown}' )`
}

/** `o` is where in the transformed value it matched: start, length. */
function referenceOf({ span, check }: MatchedTarget): string {
  const offset = span === undefined ? '' : `o${span[0]},${span[1] - span[0]}`
  return offset + check.transformations.map(name => `t:${name}`).join(',')
}

function limited(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)} (${text.length - max} characters omitted)`
}

function printable(bytes: ByteString): string {
  return bytes.replace(/[\0-\x1f\x7f-\xff]/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** As C's asctime has it, in local time: `Tue Oct 22 13:54:52 2024`. */
function timeStamp(date: Date): string {
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0'))
  const day = String(date.getDate()).padStart(2, ' ')
  return `${days[date.getDay()]} ${months[date.getMonth()]} ${day} ${clock.join(':')} ${date.getFullYear()}`
}

let knownServerId: string | undefined

/** The same for all records of a machine; nothing can be told from it. */
function serverId(): string {
  knownServerId ??= createHash('sha1').update(hostname()).digest('hex')
  return knownServerId
}
