// Guard `waf`: the adapter between the pipeline and the engine (src/waf). Phase 1 on the headers, phase 2 on the body,
// phases 3 and 4 on the response when there are rules for them, phase 5 when all is over. What the engine interrupts
// becomes a verdict with the matched values as evidence; whether that is enforced is not known here.

import { resolve as resolvePath } from 'node:path'
import type { Problem } from '../../lib/problem.ts'
import { mediaType } from '../../pipeline/body.ts'
import { contentCoding, isDecodable } from '../../pipeline/content-coding.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools } from '../../pipeline/guard.ts'
import type { Limits } from '../../pipeline/limits.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { type ResolveResult, resolveRules } from '../../rulesets/resolve.ts'
import { createWaf } from '../../waf/index.ts'
import { nodePorts } from '../../waf/node.ts'
import type { Interruption, RuleSource, Waf, WafTransaction } from '../../waf/types.ts'
import { Audit } from './audit.ts'
import { evidenceOf } from './evidence.ts'
import { expiredWarnings, siteRules } from './exclusions.ts'
import { type WafOptions, wafOptions } from './options.ts'
import { RichTextWatch } from './rich-text-watch.ts'
import { SeenFiles } from './seen-files.ts'
import { warmUp } from './warm-up.ts'

export const waf: GuardDefinition<'waf', typeof wafOptions> = {
  name: 'waf',
  summary: 'Runs SecLang rules over requests and responses: the built-in set, the Core Rule Set, or your own.',
  options: wafOptions,
  onError: 'deny',
  // Passwords look like anything, codes and redirects like attacks, and no event may hold a part of them.
  skipsOwnServices: true,
  create(options, tools) {
    const resolved = resolve(options, tools)
    if (!resolved.ok) return resolved
    const ports = nodePorts()
    const files = new SeenFiles(ports.files)
    const made = createWaf({ rules: resolved.sources, ports: { ...ports, files, now: tools.now } })
    if (!made.ok) return made
    warmUp(made.waf)
    const sources = JSON.stringify(resolved.sources)
    const isStale = () => {
      const now = resolve(options, tools)
      return !now.ok || JSON.stringify(now.sources) !== sources || files.haveChanged()
    }
    const audit = auditOf(options, made.waf, tools)
    const expired = expiredWarnings(options.exclusions, tools.now())
    const warnings = [...made.warnings, ...auditWarnings(options, made.waf), ...expired]
    return {
      ok: true,
      guard: new WafGuard(made.waf, options, isStale, audit, new RichTextWatch(options.learnRichText, tools)),
      warnings,
    }
  },
}

/** Where the log of these options is; undefined without one. */
export function auditFile({ audit }: WafOptions, configDir: string): string | undefined {
  return audit && resolvePath(configDir, audit.file)
}

function auditOf(options: WafOptions, engine: Waf, { configDir, writeLine }: GuardTools): Audit | undefined {
  const file = auditFile(options, configDir)
  if (!options.audit || file === undefined || !writeLine) return undefined
  return new Audit(options.audit, engine.settings, record => writeLine(file, record))
}

/** Rules that ask for a log that nobody writes. */
function auditWarnings(options: WafOptions, { settings }: Waf): Problem[] {
  const { engine } = settings.audit
  if (options.audit || engine === undefined || engine === 'off') return []
  const message = 'SecAuditEngine asks for an audit log: name its file here, or nothing is logged'
  const path = 'guards.waf.audit.file'
  return [{ code: 'waf.audit-file', severity: 'warning', file: '', line: 0, column: 0, path, message }]
}

function resolve(options: WafOptions, tools: GuardTools): ResolveResult {
  const { rules, paranoia, threshold, preset } = options
  const { stateDir, configDir, limits } = tools
  const settings = [settingsOf(limits), ...siteRules(options)]
  return resolveRules({ rules, paranoia, threshold, preset, stateDir, from: configDir, settings })
}

/** A clipped multipart body ends in a boundary that the gateway sets. */
const boundaryRoom = 1024

/** The engine bounds what the gateway bounds: a body that was let in must not be too long for the engine. */
export function settingsOf(limits: Limits): RuleSource {
  const lines = [
    `SecRequestBodyLimit ${limits.bodyInspected + boundaryRoom}`,
    `SecRequestBodyNoFilesLimit ${limits.bodyInspected + boundaryRoom}`,
    `SecRequestBodyJsonDepthLimit ${limits.jsonDepth}`,
    `SecRequestBodyJsonKeysLimit ${limits.jsonKeys}`,
    `SecRequestBodyXmlDepthLimit ${limits.xmlDepth}`,
    `SecRequestBodyXmlNodesLimit ${limits.xmlNodes}`,
    `SecRequestBodyMultipartPartsLimit ${limits.multipartParts}`,
    `SecArgumentsLimit ${limits.arguments}`,
    `SecUploadFileLimit ${limits.multipartParts}`,
    `SecResponseBodyLimit ${limits.responseInspected}`,
  ]
  return { name: 'limits of the gateway', text: `${lines.join('\n')}\n` }
}

/** What the guard keeps in `ex.wafTransaction`. */
class Inspection {
  transaction: WafTransaction
  /** The coding that the body came in; rules read it only when it was decoded for them. */
  readonly coding: string | undefined
  bodyJudged = false

  constructor(transaction: WafTransaction, coding: string | undefined) {
    this.transaction = transaction
    this.coding = coding
  }
}

class WafGuard implements Guard {
  readonly isStale: () => boolean
  readonly onResponseHeaders?: (ex: Exchange) => Verdict | undefined
  readonly onResponseBody?: (ex: Exchange) => Verdict | undefined
  readonly #waf: Waf
  readonly #goesByContract: boolean
  readonly #watch: RichTextWatch
  readonly #responseTypes: ReadonlySet<string>
  readonly #audit: Audit | undefined

  constructor(
    engine: Waf,
    { contract }: WafOptions,
    isStale: () => boolean,
    audit: Audit | undefined,
    watch: RichTextWatch,
  ) {
    this.#waf = engine
    this.#goesByContract = contract
    this.#watch = watch
    this.#audit = audit
    this.isStale = isStale
    const { responseBodyAccess, responseBodyTypes } = engine.settings
    this.#responseTypes = new Set(responseBodyAccess ? responseBodyTypes : [])
    // Having these methods costs: headers are held until they are judged, and text bodies are held back.
    if (engine.hasPhase(3) || engine.hasPhase(4)) this.onResponseHeaders = ex => this.#responseHeaders(ex)
    if (engine.hasPhase(4)) this.onResponseBody = ex => this.#responseBody(ex)
  }

  onHeaders(ex: Exchange): Verdict | undefined {
    const startMs = performance.now()
    const coding = bodyCoding(ex)
    const inspection = new Inspection(this.#begin(ex), coding)
    ex.wafTransaction = inspection
    const interruption = inspection.transaction.requestHeaders()
    ex.inspectUs += (performance.now() - startMs) * 1000
    if (coding !== undefined && !isDecodable(coding)) return refuseEncoding(coding)
    return verdictOf(interruption, inspection.transaction)
  }

  /** Called again with a larger body when a multipart body streamed: then all starts afresh. */
  onBody(ex: Exchange): Verdict | undefined {
    const inspection = inspectionOf(ex)
    if (!inspection) return undefined
    const startMs = performance.now()
    if (inspection.bodyJudged) {
      inspection.transaction = this.#begin(ex)
      inspection.transaction.requestHeaders()
    }
    const { transaction } = inspection
    if (transaction.interruption && !inspection.bodyJudged) return undefined // said so already, in monitor mode
    inspection.bodyJudged = true
    const { coding } = inspection
    const isOpaque = coding !== undefined && ex.body.isDecoded !== true
    if (ex.body.bytes.length > 0 && !isOpaque) transaction.requestBody(ex.body.bytes)
    const interruption = transaction.requestBodyDone(!ex.body.complete)
    ex.inspectUs += (performance.now() - startMs) * 1000
    // What is not decodable was refused at the headers; this is a damaged body, or one too large to decode.
    if (isOpaque && isDecodable(coding) && ex.body.bytes.length > 0) return refuseEncoding(coding)
    return verdictOf(interruption ?? transaction.interruption, transaction)
  }

  /** All that is asked of a request, at once: rules find the message in ARGS. */
  onMessage(ex: Exchange): Verdict | undefined {
    const startMs = performance.now()
    const transaction = this.#begin(ex)
    ex.wafTransaction = new Inspection(transaction, undefined)
    transaction.requestHeaders()
    if (!transaction.interruption) {
      transaction.requestBody(ex.body.bytes)
      transaction.requestBodyDone(false)
    }
    ex.inspectUs += (performance.now() - startMs) * 1000
    return verdictOf(transaction.interruption, transaction)
  }

  onDone(ex: Exchange): void {
    const transaction = inspectionOf(ex)?.transaction
    ex.wafTransaction = undefined
    if (!transaction) return
    transaction.logging()
    this.#watch.done(ex, transaction)
    this.#audit?.take(ex, transaction)
  }

  #responseHeaders(ex: Exchange): Verdict | undefined {
    const transaction = inspectionOf(ex)?.transaction
    const head = ex.response
    if (!transaction || !head || transaction.interruption) return undefined
    const startMs = performance.now()
    for (let i = 0; i < head.headers.count; i++) {
      transaction.responseHeader(head.headers.raw[i * 2] ?? '', head.headers.valueAt(i))
    }
    const interruption = transaction.responseHeaders(head.status, ex.request.protocol)
    ex.inspectUs += (performance.now() - startMs) * 1000
    return verdictOf(interruption, transaction)
  }

  #responseBody(ex: Exchange): Verdict | undefined {
    const transaction = inspectionOf(ex)?.transaction
    if (!transaction || !ex.response || transaction.interruption) return undefined
    const startMs = performance.now()
    const isWanted = this.#responseTypes.has(mediaType(ex.response.headers.get('content-type')))
    if (isWanted && ex.responseBody) transaction.responseBody(ex.responseBody)
    const interruption = transaction.responseBodyDone()
    ex.inspectUs += (performance.now() - startMs) * 1000
    return verdictOf(interruption, transaction)
  }

  #begin(ex: Exchange): WafTransaction {
    const { client, request, headers } = ex
    const contract = this.#goesByContract ? ex.route.contract?.placements(ex.method, ex.path) : undefined
    const placements = this.#watch.placements(ex, contract)
    const transaction = this.#waf.transaction({ id: ex.reference, placements })
    transaction.connection({ ip: client.ip, port: client.port }, { ip: request.localIp, port: request.localPort })
    if (client.tls) transaction.environment('JA4', client.tls.ja4)
    if (client.http !== undefined) transaction.environment('HTTP_FINGERPRINT', client.http)
    transaction.uri(request.method, request.target, request.protocol, request.received)
    for (let i = 0; i < headers.count; i++) transaction.requestHeader(headers.raw[i * 2] ?? '', headers.valueAt(i))
    return transaction
  }
}

function inspectionOf(ex: Exchange): Inspection | undefined {
  return ex.wafTransaction instanceof Inspection ? ex.wafTransaction : undefined
}

/** The coding of the body, when there is a body. */
export function bodyCoding({ headers }: Pick<Exchange, 'headers'>): string | undefined {
  if (headers.get('content-encoding') === undefined) return undefined
  const hasBody = headers.get('transfer-encoding') !== undefined || (headers.get('content-length') ?? '0') !== '0'
  return hasBody ? contentCoding(headers) : undefined
}

export function refuseEncoding(coding: string): Verdict {
  const detail = 'the body is in a content encoding that can’t be inspected'
  const where = 'REQUEST_HEADERS:Content-Encoding'
  const evidence = { rule: 'content-encoding', message: detail, where, match: coding, points: 0 }
  return { kind: 'deny', status: 415, reason: { code: 'waf.content-encoding', detail, evidence: [evidence] } }
}

export function verdictOf(interruption: Interruption | undefined, transaction: WafTransaction): Verdict | undefined {
  if (!interruption) return undefined
  const evidence = evidenceOf(transaction.matches, interruption)
  const detail = interruption.message || `rule ${interruption.rule.id}`
  const reason = { code: 'waf.rule', detail, evidence } as const
  if (interruption.action === 'redirect' && interruption.location !== undefined) {
    const headers = ['location', interruption.location, 'content-length', '0']
    return { kind: 'answer', status: interruption.status, headers, body: new Uint8Array(0), reason }
  }
  return { kind: 'deny', status: interruption.status >= 400 ? interruption.status : 403, reason }
}
