// One transaction as callers see it: takes the request and response in order, runs the phases, hands out what was found.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import type {
  AuditEngine,
  Interruption,
  Match,
  RuleInfo,
  TransactionOptions,
  WafPorts,
  WafTransaction,
} from '../types.ts'
import { macroReader } from '../variables/macro.ts'
import { State } from '../variables/state.ts'
import { Value } from '../variables/value.ts'
import type { Program } from './program.ts'
import { takeRequestBody, takeRequestHeader, takeTarget } from './request-parts.ts'
import { Runner } from './run.ts'

export class Transaction implements WafTransaction {
  readonly #state: State
  readonly #program: Program
  readonly #runner: Runner
  readonly #ports: WafPorts
  #requestChunks: Uint8Array[] = []
  #responseChunks: Uint8Array[] = []

  constructor(program: Program, ports: WafPorts, options: TransactionOptions) {
    this.#state = new State(ports, options.id, program)
    this.#state.placements = options.placements
    this.#program = program
    this.#ports = ports
    const { full = false, explain = false, ledger } = options
    this.#runner = new Runner(this.#state, program, { full, explain, ledger })
  }

  get matches(): readonly Match[] {
    return this.#state.matches
  }

  get interruption(): Interruption | undefined {
    return this.#state.interruption
  }

  get auditEngine(): AuditEngine | undefined {
    return this.#state.auditEngine
  }

  auditParts(parts: string): string {
    let result = parts
    for (const change of this.#state.auditParts) {
      const letters = change.replace(/^[+-]/, '')
      if (change.startsWith('+')) result += letters
      else if (change.startsWith('-')) result = [...result].filter(part => !letters.includes(part)).join('')
      else result = letters
    }
    return result
  }

  connection(client: { ip: string; port: number }, server: { ip: string; port: number }): void {
    this.#state.clientIp = client.ip
    this.#state.clientPort = client.port
    this.#state.serverIp = server.ip
    this.#state.serverPort = server.port
  }

  environment(name: ByteString, value: ByteString): void {
    this.#state.environment.set(name, value)
  }

  uri(method: ByteString, target: ByteString, protocol: ByteString, received: ByteString = target): void {
    this.#state.method = method
    this.#state.protocol = protocol
    takeTarget(this.#state, target)
    this.#state.target = received
  }

  requestHeader(name: ByteString, value: ByteString): void {
    takeRequestHeader(this.#state, name, value)
  }

  requestHeaders(): Interruption | undefined {
    this.#runner.runPhase(1)
    return this.interruption
  }

  requestBody(bytes: Uint8Array): void {
    const state = this.#state
    if (!state.requestBodyAccess) return
    const room = state.settings.requestBodyLimitBytes - state.requestBodyBytes
    if (bytes.length > room) state.requestBodyTruncated = true
    const taken = bytes.length > room ? bytes.subarray(0, room) : bytes
    if (taken.length === 0) return
    this.#requestChunks.push(taken)
    state.requestBodyBytes += taken.length
  }

  requestBodyDone(isCut = false): Interruption | undefined {
    const state = this.#state
    if (state.engine !== 'off') {
      if (state.requestBodyTruncated && state.settings.requestBodyOverflow === 'reject') this.#reject(413, 'request', 2)
      if (state.requestBodyAccess) {
        takeRequestBody(state, joined(this.#requestChunks), isCut || state.requestBodyTruncated)
      }
      this.#requestChunks = []
    }
    this.#runner.runPhase(2)
    return this.interruption
  }

  responseHeader(name: ByteString, value: ByteString): void {
    const state = this.#state
    state.responseHeaders.push(new Value('RESPONSE_HEADERS', name, value))
    state.responseHeaderNames.push(new Value('RESPONSE_HEADERS_NAMES', name, name))
    const lower = lowerAscii(name)
    if (lower === 'content-type') state.responseContentType = mediaType(value)
    else if (lower === 'content-length') state.responseContentLength = value
  }

  responseHeaders(status: number, protocol: ByteString): Interruption | undefined {
    this.#state.responseStatus = status
    this.#state.responseProtocol = protocol
    this.#runner.runPhase(3)
    return this.interruption
  }

  responseBody(bytes: Uint8Array): void {
    const state = this.#state
    if (
      !state.responseBodyAccess ||
      !state.settings.responseBodyTypes.includes(lowerAscii(state.responseContentType))
    ) {
      return
    }
    const room = state.settings.responseBodyLimitBytes - state.responseBodyBytes
    if (bytes.length > room) state.responseBodyTruncated = true
    const taken = bytes.length > room ? bytes.subarray(0, room) : bytes
    if (taken.length === 0) return
    this.#responseChunks.push(taken)
    state.responseBodyBytes += taken.length
  }

  responseBodyDone(): Interruption | undefined {
    const state = this.#state
    state.responseBody = joined(this.#responseChunks).toString('latin1')
    this.#responseChunks = []
    if (state.responseBodyTruncated && state.settings.responseBodyOverflow === 'reject')
      this.#reject(502, 'response', 4)
    this.#runner.runPhase(4)
    return this.interruption
  }

  logging(): void {
    this.#runner.runPhase(5)
    const port = this.#ports.collections
    if (!port) return
    for (const collection of this.#state.collections.values()) collection.save(port, this.#ports.now())
  }

  get arguments(): readonly Value[] {
    return this.#state.arguments
  }

  variable(name: string): ByteString | undefined {
    const tx = /^tx[.:](.+)$/is.exec(name)
    if (tx?.[1] !== undefined) return this.#state.tx.get(tx[1])
    const found = macroReader(name, this.#program.names)
    return found.ok ? found.reader.read(this.#state) : undefined
  }

  #reject(status: number, what: 'request' | 'response', phase: 2 | 4): void {
    const state = this.#state
    if (state.engine !== 'on' || state.interruption) return
    const message = `The ${what} body is over its limit.`
    state.interruption = { action: 'deny', status, rule: { ...limitRule, phase, message }, phase, message }
  }
}

/** What stands for a rule where SecRequestBodyLimitAction or SecResponseBodyLimitAction says Reject. */
const limitRule: Omit<RuleInfo, 'phase' | 'message'> = {
  id: 0,
  file: '',
  line: 0,
  column: 0,
  severity: undefined,
  tags: [],
  paranoia: 1,
  revision: '',
  version: '',
  maturity: 0,
  accuracy: 0,
  text: '',
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  const only = chunks.length === 1 ? chunks[0] : undefined
  return only ? Buffer.from(only.buffer, only.byteOffset, only.byteLength) : Buffer.concat(chunks)
}

function mediaType(value: ByteString): ByteString {
  const semicolon = value.indexOf(';')
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim()
}
