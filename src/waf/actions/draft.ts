// A rule while its actions are read: every field still undefined, so that defaults can be told from what was written.

import type { ByteString } from '../../lib/bytes.ts'
import type { Phase, Severity } from '../types.ts'
import type { ResolvedVariable } from '../variables/compile-target.ts'
import type { Template } from '../variables/macro.ts'
import type { State } from '../variables/state.ts'
import type { TxNames } from '../variables/tx.ts'
import type { RuleSelection } from './selection.ts'

/** Something that a rule does to its transaction. */
export interface Effect {
  run(state: State): void
  /** What it reads and writes of TX; undefined when nothing is known about that. */
  readonly tx?: TxAccess | undefined
}

/** What is known about an effect and TX before it runs. */
export interface TxAccess {
  readonly reads: readonly number[]
  /** The slot written, or what the name of the variable starts with when macros make it. */
  readonly writes?: number | { readonly prefix: ByteString }
  /** Whether it does nothing but write that slot, and nothing but TX decides what. */
  readonly isConstant: boolean
}

export type Disruption = 'allow' | 'block' | 'deny' | 'drop' | 'pass' | 'redirect'

export interface RuleDraft {
  id: number | undefined
  phase: Phase | undefined
  message: Template | undefined
  logData: Template | undefined
  severity: Severity | undefined
  revision: string
  version: string
  tags: ByteString[]
  chain: boolean
  capture: boolean
  multiMatch: boolean
  log: boolean | undefined
  /** auditlog and noauditlog; undefined: as `log`. */
  audit: boolean | undefined
  maturity: number
  accuracy: number
  /** Names in lower case; `none` first means that defaults are dropped. */
  transformations: string[]
  disruption: Disruption | undefined
  allowScope: 'everything' | 'phase' | 'request'
  status: number | undefined
  location: Template | undefined
  skip: number
  skipAfter: ByteString | undefined
  /** Where skipAfter stands, for the complaint about a missing marker. */
  skipAfterAt: number
  /** Run for each value that matches, before the rest of a chain is looked at. */
  onMatch: Effect[]
  /** Run once when the whole rule, chain included, has matched. */
  afterMatch: Effect[]
  /** What its ctl actions take out of a transaction. */
  selections: RuleSelection[]
}

export function emptyDraft(): RuleDraft {
  return {
    id: undefined,
    phase: undefined,
    message: undefined,
    logData: undefined,
    severity: undefined,
    revision: '',
    version: '',
    tags: [],
    chain: false,
    capture: false,
    multiMatch: false,
    log: undefined,
    audit: undefined,
    maturity: 0,
    accuracy: 0,
    transformations: [],
    disruption: undefined,
    allowScope: 'everything',
    status: undefined,
    location: undefined,
    skip: 0,
    skipAfter: undefined,
    skipAfterAt: 0,
    onMatch: [],
    afterMatch: [],
    selections: [],
  }
}

/** What an action can ask for while it is read. */
export interface ActionContext {
  readonly names: TxNames
  /** Where the value stands in its text. */
  readonly at: number
  /** Text with macros; what is wrong in it is reported at its place. */
  template(text: ByteString, offset: number): Template
  /** A variable named in a value, such as the target in ctl:ruleRemoveTargetById. */
  variable(text: ByteString, offset: number): ResolvedVariable | undefined
  /** Rules that are to be chosen once all are known. */
  select(selection: RuleSelection): RuleSelection
  hasTransformation(name: string): boolean
}
