// What the parser makes of a rule. Offsets are into the text of the file (RuleText.position turns them into lines).

import type { ByteString } from '../../lib/bytes.ts'

export interface VariableNode {
  /** As written. */
  readonly name: ByteString
  readonly count: boolean
  readonly exclude: boolean
  readonly selector: SelectorNode | undefined
  readonly at: number
}

export interface SelectorNode {
  readonly kind: 'key' | 'regex'
  readonly text: ByteString
  readonly at: number
}

export interface OperatorNode {
  /** As written, without the @; `rx` when the rule names none. */
  readonly name: ByteString
  readonly negated: boolean
  readonly argument: ByteString
  readonly at: number
  readonly argumentAt: number
}

export interface ActionNode {
  readonly name: ByteString
  /** undefined when there is no colon. Quotes are taken off. */
  readonly value: ByteString | undefined
  readonly at: number
  readonly valueAt: number
}
