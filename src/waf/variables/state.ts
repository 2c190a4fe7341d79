// What is known about one transaction while rules run: the request and response as they came, and everything that rules
// can change. Data alone: variables/* read it, actions/* change it, rules/* decide what runs. One hidden class, all
// fields set here.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import type { MultipartFlags, MultipartPart } from '../bodies/types.ts'
import type { EngineSettings } from '../seclang/settings.ts'
import type { AuditEngine, Interruption, Match, Placements, RuleInfo, Severity, WafPorts } from '../types.ts'
import type { PersistentCollection, PersistentName } from './persistent.ts'
import type { Exclusion } from './target.ts'
import { type TxNames, TxVariables } from './tx.ts'
import { noValues, type Value } from './value.ts'

/** What RULE.… and macros can say about the rule that runs. */
export interface RuleFacts {
  readonly info: RuleInfo
  readonly revision: string
  readonly version: string
}

/** What all transactions of a rule set have in common. */
export interface SharedState {
  readonly settings: EngineSettings
  readonly names: TxNames
  readonly rules: { readonly length: number }
  /** TX as every transaction starts with it, by slot. */
  readonly initialTx: readonly (ByteString | undefined)[]
  /** How many variables and lists of targets there are. */
  readonly variableCount: number
  readonly listCount: number
}

/** A target that some rules no longer look at. */
export interface RemovedTarget {
  /** 1 for each rule, by its index. */
  readonly rules: Uint8Array
  readonly exclusion: Exclusion
}

export class State {
  readonly ports: WafPorts
  readonly settings: EngineSettings
  readonly startedAt: number
  /** Of the rule set: how many rules removedRules has to cover. */
  readonly ruleCount: number

  clientIp = ''
  clientPort = 0
  serverIp = ''
  serverPort = 0

  method: ByteString = ''
  target: ByteString = ''
  protocol: ByteString = ''
  /** Path and query, decoded. */
  uri: ByteString = ''
  /** Path, decoded. */
  path: ByteString = ''
  query: ByteString = ''
  hasQuery = false
  host: ByteString = ''
  contentType: ByteString = ''
  authorization: ByteString = ''

  /** What is known of values before rules look at them. */
  placements: Placements | undefined = undefined

  readonly requestHeaders: Value[] = []
  readonly requestHeaderNames: Value[] = []
  readonly cookies: Value[] = []
  readonly cookieNames: Value[] = []
  readonly arguments: Value[] = []
  /** How many of `arguments` came with the query; the rest came with the body. */
  queryArgumentCount = 0
  argumentBytes = 0
  /** Which bound the request has exceeded, in words: there is more of it than was read. */
  limitExceeded: string | undefined = undefined
  urlEncodedError = false

  bodyProcessor: '' | 'URLENCODED' | 'MULTIPART' | 'JSON' | 'XML' = ''
  requestBodyAccess: boolean
  responseBodyAccess: boolean
  forceRequestBodyVariable = false
  requestBody: ByteString = ''
  requestBodyBytes = 0
  requestBodyTruncated = false
  bodyError: string | undefined = undefined
  parts: readonly MultipartPart[] = []
  multipartFlags: MultipartFlags | undefined = undefined
  xmlText: readonly ByteString[] = []
  xmlAttributes: readonly ByteString[] = []
  xmlDoctype: ByteString | undefined = undefined
  jsonDuplicateKey: ByteString | undefined = undefined

  responseStatus = 0
  responseProtocol: ByteString = ''
  readonly responseHeaders: Value[] = []
  readonly responseHeaderNames: Value[] = []
  responseContentType: ByteString = ''
  responseContentLength: ByteString = ''
  responseBody: ByteString = ''
  responseBodyBytes = 0
  responseBodyTruncated = false

  readonly tx: TxVariables
  readonly collections = new Map<PersistentName, PersistentCollection>()
  readonly environment = new Map<ByteString, ByteString>()
  sessionId: ByteString = ''
  userId: ByteString = ''
  resourceId: ByteString = ''
  geo: readonly Value[] = noValues

  /** Of the rule that runs: what matched so far, as it was found and as the operator saw it; the first `matchedCount`. */
  readonly matchedValues: Value[] = []
  readonly matchedTexts: ByteString[] = []
  matchedCount = 0
  rule: RuleFacts | undefined = undefined
  /** What the running rule added to anomaly scores. */
  points = 0
  highestSeverity: Severity | undefined = undefined

  engine: EngineSettings['engine']
  phase: 0 | 1 | 2 | 3 | 4 | 5 = 0
  /** Set by `allow`: what is let through from here on. */
  allowed: 'nothing' | 'phase' | 'request' | 'everything' = 'nothing'
  interruption: Interruption | undefined = undefined
  readonly matches: Match[] = []
  /** What ctl:ruleRemove… took out of this transaction: rules by index, and targets of rules. */
  removedRules: Uint8Array | undefined = undefined
  removedTargets: RemovedTarget[] | undefined = undefined
  /** What sanitise… wants masked in reports. */
  readonly sanitised: Exclusion[] = []
  sanitiseMatched = false
  /** What ctl:auditEngine and ctl:auditLogParts said, the latter in order: `+E`, `-C`, `ABH`. */
  auditEngine: AuditEngine | undefined = undefined
  readonly auditParts: string[] = []

  /** Values of variables and target lists that are fixed for now, by their index; see TargetList. */
  readonly variableCache: (readonly Value[] | undefined)[]
  readonly targetCache: (readonly Value[] | undefined)[]

  /** `id`: one is made when it is asked for and the caller gave none. */
  constructor(ports: WafPorts, id: string | undefined, shared: SharedState) {
    this.ports = ports
    this.settings = shared.settings
    this.#id = id
    this.ruleCount = shared.rules.length
    this.startedAt = ports.now()
    this.requestBodyAccess = shared.settings.requestBodyAccess
    this.responseBodyAccess = shared.settings.responseBodyAccess
    this.engine = shared.settings.engine
    // In one piece: filled here and there, an array would grow and move again and again.
    this.variableCache = new Array(shared.variableCount)
    this.targetCache = new Array(shared.listCount)
    this.tx = new TxVariables(shared.names, shared.initialTx)
  }

  #id: string | undefined

  get id(): string {
    this.#id ??= nextId(this.startedAt)
    return this.#id
  }

  #headerIndex: Map<ByteString, Value[]> | undefined = undefined

  /** Request headers by their name in lower case. Made when first asked for, which is after the last header came. */
  requestHeaderIndex(): ReadonlyMap<ByteString, readonly Value[]> {
    if (this.#headerIndex) return this.#headerIndex
    const index = new Map<ByteString, Value[]>()
    for (const header of this.requestHeaders) {
      const name = lowerAscii(header.key ?? '')
      const known = index.get(name)
      if (known) known.push(header)
      else index.set(name, [header])
    }
    this.#headerIndex = index
    return index
  }

  /** A header that comes late, when the caller does not keep the order. */
  forgetHeaderIndex(): void {
    this.#headerIndex = undefined
  }
}

let counter = 0

/** UNIQUE_ID: time and a counter; it identifies, it is no secret. */
function nextId(now: number): string {
  counter = (counter + 1) % 0x1000000
  return `${Math.floor(now).toString(36)}-${counter.toString(36)}`
}
