// A compiled rule, as the loop wants it. Classes with every field set, so that all rules have one hidden class.

import type { Disruption, Effect, RuleDraft } from '../actions/draft.ts'
import type { RuleSelection } from '../actions/selection.ts'
import type { Operator } from '../operators/types.ts'
import type { Phase, RuleInfo, ValueCheck } from '../types.ts'
import type { Template } from '../variables/macro.ts'
import { passedOver } from '../variables/placement.ts'
import type { RuleFacts } from '../variables/state.ts'
import type { TargetList } from '../variables/target.ts'
import type { FilterGroup } from './filter/group.ts'
import { bitOfUnit } from './filter/units.ts'
import type { TransformStep } from './transform-step.ts'

/** One SecRule or SecAction of a chain. */
export class Link {
  readonly facts: RuleFacts
  /** undefined for a SecAction, which always matches. */
  readonly targets: TargetList | undefined
  readonly operator: Operator | undefined
  /** In lower case. */
  readonly operatorName: string
  readonly argument: Template | undefined
  readonly negated: boolean
  readonly step: TransformStep | undefined
  readonly multiMatch: boolean
  readonly capture: boolean
  readonly onMatch: readonly Effect[]
  /** For reports. */
  readonly check: ValueCheck

  constructor(fields: LinkFields) {
    this.facts = fields.facts
    this.targets = fields.targets
    this.operator = fields.operator
    this.operatorName = fields.operatorName
    this.argument = fields.argument
    this.negated = fields.negated
    this.step = fields.step
    this.multiMatch = fields.multiMatch
    this.capture = fields.capture
    this.onMatch = fields.onMatch
    this.check = fields.check
  }
}

export interface LinkFields {
  readonly facts: RuleFacts
  readonly targets: TargetList | undefined
  readonly operator: Operator | undefined
  readonly operatorName: string
  readonly argument: Template | undefined
  readonly negated: boolean
  readonly step: TransformStep | undefined
  readonly multiMatch: boolean
  readonly capture: boolean
  readonly onMatch: readonly Effect[]
  readonly check: ValueCheck
}

/** A rule with its chain. */
export class Rule {
  /** Among all rules of the set. */
  readonly index: number
  readonly phase: Phase
  readonly info: RuleInfo
  readonly links: readonly Link[]
  readonly log: boolean
  readonly audit: boolean
  readonly message: Template | undefined
  readonly logData: Template | undefined
  /** `block` is already what the default action makes of it. */
  readonly disruption: Exclude<Disruption, 'block'>
  /** Whether the rule itself wrote deny, drop, redirect or block. */
  readonly asksToDisrupt: boolean
  readonly allowScope: RuleDraft['allowScope']
  readonly status: number
  readonly location: Template | undefined
  /** Of all links, the last link's first, as ModSecurity 3 runs them. */
  readonly afterMatch: readonly Effect[]
  /** Rules that its ctl actions take out of a transaction. */
  readonly removes: readonly RuleSelection[]
  readonly skip: number
  /** Bits of placementBits: values that the rule does not look at. */
  readonly passesOver: number
  /** Into the list of its phase; -1 when it has no skipAfter. Set when all markers are known. */
  skipTo = -1
  /** Where the filter says whether any value can match the first link; undefined when only running it tells. */
  filter: FilterGroup | undefined = undefined
  pattern = 0
  units = 0
  /** By target of the first link: its number in the filter. */
  unitOfTarget: readonly number[] = []

  constructor(fields: RuleFields) {
    this.index = fields.index
    this.phase = fields.info.phase
    this.info = fields.info
    this.links = fields.links
    this.log = fields.log
    this.audit = fields.audit
    this.message = fields.message
    this.logData = fields.logData
    this.disruption = fields.disruption
    this.asksToDisrupt = fields.asksToDisrupt
    this.allowScope = fields.allowScope
    this.status = fields.status
    this.location = fields.location
    this.afterMatch = fields.afterMatch
    this.removes = fields.removes
    this.skip = fields.skip
    this.passesOver = passedOver(fields.info.tags)
  }

  setFilter(filter: FilterGroup, pattern: number, unitOfTarget: readonly number[]): void {
    this.filter = filter
    this.pattern = pattern
    this.units = unitOfTarget.reduce((all, unit) => all | bitOfUnit(unit), 0)
    this.unitOfTarget = unitOfTarget
  }
}

export interface RuleFields {
  readonly index: number
  readonly info: RuleInfo
  readonly links: readonly Link[]
  readonly log: boolean
  readonly audit: boolean
  readonly message: Template | undefined
  readonly logData: Template | undefined
  readonly disruption: Exclude<Disruption, 'block'>
  readonly asksToDisrupt: boolean
  readonly allowScope: RuleDraft['allowScope']
  readonly status: number
  readonly location: Template | undefined
  readonly afterMatch: readonly Effect[]
  readonly removes: readonly RuleSelection[]
  readonly skip: number
}
