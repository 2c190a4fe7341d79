// The public shape of the engine: rules in, requests in, matches out. Synchronous and without I/O: files, clock,
// persistent collections and geo look-ups are ports that the caller gives (src/waf/node.ts has the ones for Node).
// Request data is bytes: header names and values are byte strings (lib/bytes.ts), bodies are Uint8Array.

import type { ByteString } from '../lib/bytes.ts'
import type { Problem } from '../lib/problem.ts'

/** Where rules come from: a file or glob that the file port resolves, or text given inline under a name. */
export type RuleSource = { readonly path: string } | { readonly name: string; readonly text: string }

export interface FilePort {
  /** @throws when the file can't be read; the loader turns that into a Problem at the directive that named it. */
  read(path: string): Uint8Array
  /** Files that match a glob, sorted by name as Apache and nginx do. A plain path yields itself if it exists. */
  glob(pattern: string): readonly string[]
  /** `path` as seen from the folder of the file that names it. */
  resolve(fromFile: string, path: string): string
}

/** Persistent collections (IP, SESSION, USER, GLOBAL, RESOURCE): small string maps with a time to live. */
export interface CollectionPort {
  load(collection: string, key: ByteString): Map<ByteString, CollectionValue> | undefined
  save(collection: string, key: ByteString, values: Map<ByteString, CollectionValue>): void
}

export interface CollectionValue {
  readonly value: ByteString
  /** Milliseconds since the epoch, or Infinity. */
  readonly expiresAt: number
}

export interface GeoRecord {
  readonly countryCode?: string
  readonly countryName?: string
  readonly continent?: string
  readonly region?: string
  readonly city?: string
  readonly postalCode?: string
  readonly latitude?: number
  readonly longitude?: number
}

export interface WafPorts {
  readonly files: FilePort
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly collections?: CollectionPort
  readonly geo?: (ip: string) => GeoRecord | undefined
}

export interface WafOptions {
  readonly rules: readonly RuleSource[]
  readonly ports: WafPorts
}

export type CreateWafResult =
  | { readonly ok: true; readonly waf: Waf; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export type Phase = 1 | 2 | 3 | 4 | 5

/** A compiled rule set. Immutable; any number of transactions may run against it. */
export interface Waf {
  readonly rules: readonly RuleInfo[]
  /** Whether any rule of the phase exists: a caller need not buffer a response that no rule reads. */
  hasPhase(phase: Phase): boolean
  readonly settings: WafSettings
  transaction(options?: TransactionOptions): WafTransaction
}

export interface WafSettings {
  readonly engine: 'on' | 'detection-only' | 'off'
  readonly requestBodyAccess: boolean
  readonly responseBodyAccess: boolean
  readonly requestBodyLimitBytes: number
  readonly responseBodyLimitBytes: number
  /** SecResponseBodyMimeType, lower case, without parameters. */
  readonly responseBodyTypes: readonly string[]
  /** What SecAudit… directives ask for; the caller writes the log. */
  readonly audit: AuditSettings
  /** SecComponentSignature of the rule sets. */
  readonly components: readonly string[]
}

export interface AuditSettings {
  /** SecAuditEngine; undefined when no rule file says. */
  readonly engine: AuditEngine | undefined
  /** SecAuditLogParts; undefined when no rule file says. */
  readonly parts: string | undefined
  /** The status codes that match SecAuditLogRelevantStatus. */
  readonly relevantStatuses: ReadonlySet<number>
}

/** Which transactions go to the audit log: all, none, or those of an audited rule or a relevant status. */
export type AuditEngine = 'on' | 'off' | 'relevant-only'

export interface RuleInfo {
  /** 0 for a rule without an id (the later rules of a chain carry their starter's). */
  readonly id: number
  readonly phase: Phase
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly severity: Severity | undefined
  readonly tags: readonly string[]
  readonly paranoia: number
  /** `rev`, `ver`, `maturity`, `accuracy`; empty and 0 when the rule doesn't say. */
  readonly revision: string
  readonly version: string
  readonly maturity: number
  readonly accuracy: number
  /** The rule as it stands in its file. */
  readonly text: string
}

export type Severity = 'EMERGENCY' | 'ALERT' | 'CRITICAL' | 'ERROR' | 'WARNING' | 'NOTICE' | 'INFO' | 'DEBUG'

/**
 * What is known of a value by the contract of an API or by what was learned. `settled`: its form leaves room for nothing
 * else, so rules about attacks pass over it. `broken`: it leaves the form of its field, and BROKEN_FORMS has it.
 * `richText`: rules about what people write of pass over it, and RICH_TEXT has it with its readings.
 */
export type Placement = 'settled' | 'broken' | 'richText'

/** Of one request. Names are those of arguments; of headers in lower case. */
export interface Placements {
  of(place: 'query' | 'header' | 'cookie' | 'body', name: ByteString, value: ByteString): Placement | undefined
  /** Parameters of the path that leave their form. */
  readonly brokenInPath: readonly { readonly name: ByteString; readonly value: ByteString }[]
}

export interface TransactionOptions {
  readonly id?: string
  readonly placements?: Placements | undefined
  /** Evaluate every rule even after a disruptive one, and keep the first interruption. */
  readonly full?: boolean
  /** Record the value after each transformation of a match (explain). Costs time; off by default. */
  readonly explain?: boolean
  /** Told of every rule that is evaluated (`merlon rules list --cost`). */
  readonly ledger?: RuleLedger
}

/** Keeps the time of rules. The engine has no clock for that: the ledger reads its own. */
export interface RuleLedger {
  begin(): void
  /** What began is done: the rule with its chain, or, without a rule, the search that all rules of a phase share. */
  end(rule: RuleInfo | undefined, matched: boolean): void
}

/**
 * One request and its response, fed in order: connection, uri, requestHeader…, requestHeaders (phase 1), requestBody…,
 * requestBodyDone (phase 2), responseHeader…, responseHeaders (phase 3), responseBody…, responseBodyDone (phase 4),
 * logging (phase 5). A phase method returns the interruption that a disruptive action asked for, if any, and then
 * later phases except logging evaluate nothing. No method throws, whatever the bytes.
 */
export interface WafTransaction {
  connection(client: { ip: string; port: number }, server: { ip: string; port: number }): void
  /** A name of ENV, for what the host knows of the client and HTTP does not say. */
  environment(name: ByteString, value: ByteString): void
  /**
   * `target` is the request target that is judged, `protocol` as `HTTP/1.1`. `received` is the target as it came, for
   * REQUEST_URI_RAW and REQUEST_LINE, where that is something else.
   */
  uri(method: ByteString, target: ByteString, protocol: ByteString, received?: ByteString): void
  requestHeader(name: ByteString, value: ByteString): void
  requestHeaders(): Interruption | undefined
  requestBody(bytes: Uint8Array): void
  /** `isCut`: there was more, which the engine does not get; that the last value breaks off is no fault of the body. */
  requestBodyDone(isCut?: boolean): Interruption | undefined
  responseHeader(name: ByteString, value: ByteString): void
  responseHeaders(status: number, protocol: ByteString): Interruption | undefined
  responseBody(bytes: Uint8Array): void
  responseBodyDone(): Interruption | undefined
  logging(): void
  /** Matches of rules that log, in order. */
  readonly matches: readonly Match[]
  readonly interruption: Interruption | undefined
  /** What ctl:auditEngine asked for; undefined when none did. */
  readonly auditEngine: AuditEngine | undefined
  /** `parts` as ctl:auditLogParts changed them. */
  auditParts(parts: string): string
  /** Arguments of the request, in order; those of the body once it is done. */
  readonly arguments: readonly { readonly key: ByteString | undefined; readonly value: ByteString }[]
  /** The value of a variable such as `tx.inbound_anomaly_score`, for reports. */
  variable(name: string): ByteString | undefined
}

export interface Interruption {
  readonly action: 'deny' | 'drop' | 'redirect'
  readonly status: number
  readonly location?: ByteString
  readonly rule: RuleInfo
  readonly phase: Phase
  /** The rule's msg with its macros expanded. */
  readonly message: string
}

export interface Match {
  readonly rule: RuleInfo
  readonly phase: Phase
  readonly message: string
  readonly logData: string
  /** One for each value that matched, of every rule of the chain. */
  readonly targets: readonly MatchedTarget[]
  /** What the rule added to variables whose name contains `anomaly_score`; 0 when it only informs. */
  readonly points: number
  /** Whether the rule itself asked to disrupt (deny, drop, block, redirect). */
  readonly disruptive: boolean
  /** Whether the match makes its transaction worth the audit log: not with noauditlog. */
  readonly audited: boolean
}

export interface MatchedTarget {
  /** As SecLang writes it: `ARGS:q`, `REQUEST_HEADERS:User-Agent`. */
  readonly name: ByteString
  /** The value that the operator saw, after all transformations. */
  readonly value: ByteString
  /** Start and end of what matched inside `value`, when the operator knows. */
  readonly span: readonly [number, number] | undefined
  /** What was asked of the value. */
  readonly check: ValueCheck
  /** With `explain`: the value before and after each transformation that changed it. */
  readonly steps?: readonly { readonly transformation: string; readonly value: ByteString }[]
}

export interface ValueCheck {
  /** As SecLang spells it: `rx`. */
  readonly operator: string
  readonly negated: boolean
  /** As it stands in the rule, macros unexpanded. */
  readonly argument: ByteString
  readonly transformations: readonly string[]
}
