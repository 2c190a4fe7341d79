// Runs a test's request in the engine, without a socket: the bytes are read as a server reads them, every phase runs,
// and the built-in back end answers. The status is the one that our listener's framing check gives, else the back end's.
// Rules see a request even if framing refuses it: most protocol tests ask what a rule says about what a server let pass.

import { type ByteString, bytesToBuffer, bytesToUtf8 } from '../lib/bytes.ts'
import { checkFraming } from '../listen/framing.ts'
import type { Match, Waf, WafTransaction } from '../waf/types.ts'
import { Backend, type BackendAnswer } from './backend.ts'
import { logLine } from './log-line.ts'
import type { FtwInput, Observation, Target } from './types.ts'
import { readRequest, type WireRequest } from './wire.ts'

export class EngineTarget implements Target {
  readonly #waf: Waf
  readonly #backend = new Backend()

  constructor(waf: Waf) {
    this.#waf = waf
  }

  reset(): void {
    this.#backend.reset()
  }

  close(): void {}

  send(bytes: ByteString, input: FtwInput): Observation {
    const request = readRequest(bytes)
    const refusal = refusalOf(request)
    const transaction = this.#waf.transaction({ full: true })
    transaction.connection({ ip: '192.0.2.10', port: 40_000 }, { ip: '192.0.2.1', port: input.port })
    transaction.uri(request.method, request.target, request.protocol)
    for (let i = 0; i < request.headers.length; i += 2) {
      transaction.requestHeader(request.headers[i] ?? '', request.headers[i + 1] ?? '')
    }
    transaction.requestHeaders()
    let answer: BackendAnswer | undefined
    if (request.incomplete === undefined) {
      if (request.body !== '' && this.#waf.settings.requestBodyAccess) {
        transaction.requestBody(bytesToBuffer(request.body))
      }
      transaction.requestBodyDone()
      answer = this.#backend.answer(request)
      if (refusal === undefined) this.#respond(transaction, answer)
    }
    transaction.logging()
    return observe(transaction, refusal, request.incomplete, answer)
  }

  #respond(transaction: WafTransaction, answer: BackendAnswer): void {
    for (let i = 0; i < answer.headers.length; i += 2) {
      transaction.responseHeader(answer.headers[i] ?? '', answer.headers[i + 1] ?? '')
    }
    transaction.responseHeaders(answer.status, 'HTTP/1.1')
    const { responseBodyAccess, responseBodyTypes } = this.#waf.settings
    if (responseBodyAccess && responseBodyTypes.includes(mediaType(answer.headers))) {
      transaction.responseBody(bytesToBuffer(answer.body))
    }
    transaction.responseBodyDone()
  }
}

function refusalOf(request: WireRequest): string | undefined {
  if (request.malformed !== undefined) return request.malformed
  return checkFraming(request.method, request.target, request.protocol, request.headers)?.detail
}

function observe(
  transaction: WafTransaction,
  refusal: string | undefined,
  incomplete: string | undefined,
  answer: BackendAnswer | undefined,
): Observation {
  const matches = {
    ids: [...new Set(transaction.matches.map(match => match.rule.id))],
    log: transaction.matches.map(matchLine),
  }
  const none = { location: undefined, cookies: [] }
  if (refusal !== undefined) {
    return {
      refused: true,
      error: undefined,
      status: 400,
      response: `HTTP/1.1 400 Bad Request\r\n\r\n${refusal}`,
      ...matches,
      ...none,
    }
  }
  if (answer === undefined)
    return { refused: false, error: incomplete ?? 'no answer', status: 0, response: '', ...matches, ...none }
  const values = (lowerName: string) =>
    answer.headers.filter((_, i) => i % 2 === 1 && answer.headers[i - 1]?.toLowerCase() === lowerName)
  return {
    refused: false,
    error: undefined,
    status: answer.status,
    response: formatAnswer(answer),
    ...matches,
    location: values('location')[0],
    cookies: values('set-cookie'),
  }
}

function matchLine({ rule, message, logData }: Match): string {
  const { id, severity = '', tags } = rule
  return logLine({ id: String(id), message, data: logData, severity, tags })
}

function formatAnswer(answer: BackendAnswer): string {
  let text = `HTTP/1.1 ${answer.status}\r\n`
  for (let i = 0; i < answer.headers.length; i += 2) text += `${answer.headers[i]}: ${answer.headers[i + 1]}\r\n`
  return bytesToUtf8(`${text}\r\n${answer.body}`)
}

function mediaType(headers: readonly ByteString[]): string {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === 'content-type')
      return (headers[i + 1] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  }
  return ''
}
