// A WebSocket message as guards see it: a request of its own, with the head of the handshake and the message as its
// body. JSON is JSON; other text is the form field `message`, because rules look into fields.

import { Exchange } from '../exchange.ts'
import { HeaderList } from '../headers.ts'
import type { LimitName } from '../limits.ts'
import { runDone, runMessage } from '../run.ts'
import type { Verdict } from '../verdict.ts'

/** Runs the guards over a message; false when one of them refuses it. */
export function judgeMessage(handshake: Exchange, message: Uint8Array): boolean {
  if (!handshake.route.messages?.length) return true
  const isJson = looksLikeJson(message) && parses(message)
  const body = isJson ? message : asForm(message)
  return judge(handshake, isJson ? 'application/json' : formType, body) === undefined
}

/** The same for a message that has several texts: the verdict that ends it, if there is one. */
export function judgeTexts(request: Exchange, texts: readonly Uint8Array[]): Verdict | undefined {
  if (texts.length === 0 || !request.route.messages?.length) return undefined
  const single = texts.slice(0, fieldsMax)
  if (texts.length > fieldsMax) single.push(Buffer.concat(texts.slice(fieldsMax).flatMap(text => [text, lineEnd])))
  const form = Buffer.concat(single.flatMap((text, i) => (i === 0 ? [asForm(text)] : [ampersand, asForm(text)])))
  return judge(request, formType, form)
}

function judge(handshake: Exchange, type: string, body: Uint8Array): Verdict | undefined {
  const ex = messageExchange(handshake, type, body.length)
  ex.body = { bytes: body, complete: true }
  const verdict = runMessage(handshake.route.messages ?? [], ex)
  runDone(ex)
  return verdict
}

const formType = 'application/x-www-form-urlencoded'
/** More texts than this are one: arguments have a limit. */
const fieldsMax = 200
const ampersand = Buffer.from('&')
const lineEnd = Buffer.from('\n')

/** Tells of a WebSocket that broke a rule of the gateway. */
export function recordWebSocketFault(
  handshake: Exchange,
  code: `websocket.${string}`,
  detail: string,
  limit?: LimitName,
): void {
  const ex = messageExchange(handshake, '', 0)
  const verdict: Verdict = { kind: 'deny', status: 400, reason: { code, detail, ...(limit && { limit }) } }
  ex.findings.push({ guard: 'websocket', phase: 'onMessage', mode: 'protect', verdict })
  ex.verdict = verdict
  runDone(ex)
}

function messageExchange(handshake: Exchange, type: string, bytes: number): Exchange {
  const { headers } = handshake
  const lines: string[] = []
  for (let i = 0; i < headers.count; i++) {
    const name = headers.nameAt(i)
    if (name === 'connection' || name === 'upgrade' || name.startsWith('content-')) continue
    lines.push(headers.raw[i * 2] ?? '', headers.valueAt(i))
  }
  if (type !== '') lines.push('content-type', type, 'content-length', String(bytes))
  const request = { ...handshake.request, method: 'POST', headers: new HeaderList(lines) }
  const nowMs = handshake.startedAtMs + (performance.now() - handshake.startedMs)
  const { reference, client, host, route } = handshake
  const ex = new Exchange(reference, nowMs, client, request, host, route)
  ex.handshake = handshake
  ex.principal = handshake.principal
  ex.upstream = handshake.upstream
  ex.status = handshake.status
  return ex
}

function looksLikeJson(message: Uint8Array): boolean {
  let i = 0
  while (i < message.length && isJsonSpace(message[i])) i++
  return message[i] === 0x7b || message[i] === 0x5b
}

function isJsonSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** What is no JSON for us may be some for a lenient reader: it is looked at as text then, and every byte of it. */
function parses(message: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(message.buffer, message.byteOffset, message.length).toString('utf8'))
    return true
  } catch {
    return false
  }
}

const fieldName = Buffer.from('message=')
const hex = Buffer.from('0123456789ABCDEF')

/** Encodes what the reader of forms would take for something else, and nothing more. */
function asForm(message: Uint8Array): Uint8Array {
  let escapes = 0
  for (const byte of message) if (isFormSyntax(byte)) escapes++
  const form = Buffer.alloc(fieldName.length + message.length + 2 * escapes)
  let at = fieldName.copy(form)
  for (const byte of message) {
    if (isFormSyntax(byte)) {
      form[at++] = 0x25
      form[at++] = hex[byte >> 4] ?? 0
      form[at++] = hex[byte & 15] ?? 0
    } else form[at++] = byte
  }
  return form
}

/** `%`, `&`, `+`, `;` and `=`. */
function isFormSyntax(byte: number): boolean {
  return byte === 0x25 || byte === 0x26 || byte === 0x2b || byte === 0x3b || byte === 0x3d
}
