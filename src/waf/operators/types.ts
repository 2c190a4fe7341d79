// What an operator is. One file an operator (or a small family); operators/index.ts lists them by SecLang name.

import type { ByteString } from '../../lib/bytes.ts'
import type { FilePort, GeoRecord } from '../types.ts'

export interface OperatorDefinition {
  /** As SecLang spells it; matched without regard to case. */
  readonly name: string
  /** One line for docs/generated/seclang.md. */
  readonly summary: string
  /** Called once for each rule at load time. Everything that can be prepared is prepared here. */
  compile(argument: OperatorArgument, context: CompileContext): CompileOperatorResult
}

export type CompileOperatorResult =
  | {
      readonly ok: true
      readonly operator: Operator
      /** Why it can never match as things are. */
      readonly warning?: string
    }
  | {
      readonly ok: false
      readonly message: string
      /** Into the argument. */
      readonly offset?: number
      /** The operator is known and deliberately not there (rbl, inspectFile, …): a loader may warn and skip the rule. */
      readonly unsupported?: true
    }

export interface OperatorArgument {
  readonly text: ByteString
  /** False when it holds macros such as %{tx.limit}: then `expand` must be called for each evaluation. */
  readonly isStatic: boolean
  expand(scope: MacroScope): ByteString
}

export interface MacroScope {
  /** Value of a variable as a macro names it, such as `tx.0` or `REQUEST_HEADERS.host`; undefined when unset. */
  lookup(name: string): ByteString | undefined
}

export interface CompileContext {
  readonly files: FilePort
  /** The rule file, for arguments that name a file next to it. */
  readonly ruleFile: string
  readonly geo: ((ip: string) => GeoRecord | undefined) | undefined
  /** SecUnicodeMapFile and the like have been read by the loader before any rule is compiled. */
  readonly multiline: boolean
}

export interface Operator {
  /** True when the value matches. Writes span and captures into `call`, which is reused from call to call. */
  test(value: ByteString, call: OperatorCall): boolean
}

/** In and out of one evaluation. Made once for a transaction; no allocation for each value. */
export class OperatorCall {
  scope: MacroScope
  /** The rule captures (TX.0 to TX.9) or is explained: the operator must find spans. Otherwise it may skip that work. */
  wantCaptures = false
  /** What matched inside the value, -1 when unknown. */
  spanStart = -1
  spanEnd = -1
  readonly captures: ByteString[] = []
  /** What geoLookup found, for the collection GEO. */
  geo: GeoRecord | undefined = undefined

  constructor(scope: MacroScope) {
    this.scope = scope
  }

  reset(wantCaptures: boolean): void {
    this.wantCaptures = wantCaptures
    this.spanStart = -1
    this.spanEnd = -1
    if (this.captures.length > 0) this.captures.length = 0
    this.geo = undefined
  }
}
