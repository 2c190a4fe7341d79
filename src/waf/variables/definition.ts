// What a variable is. Families of variables stand in the files beside; table.ts lists them all.

import type { ByteString } from '../../lib/bytes.ts'
import type { State } from './state.ts'
import { noValues, Value } from './value.ts'

export interface VariableDefinition {
  /** As SecLang spells it; matched without regard to case. */
  readonly name: string
  /** One line for docs/generated/seclang.md. */
  readonly summary: string
  /** Whether it has named members (`ARGS:q`). */
  readonly isCollection: boolean
  /**
   * The phase from which its values stay the same, so that they are read once for all rules. 0: a rule or the clock can
   * change them at any time.
   */
  readonly fixedFrom: 0 | 1 | 2 | 3 | 4
  read(state: State): readonly Value[]
  /** Of a scalar: the text of its value. */
  readonly text?: (state: State) => ByteString | undefined
  /** Reads members by name, given in lower case, where that is cheaper than going through all of them. */
  readMember?(state: State, lowerName: ByteString): readonly Value[]
}

/** A variable with one value or none. */
export function scalar(
  name: string,
  fixedFrom: VariableDefinition['fixedFrom'],
  summary: string,
  get: (state: State) => ByteString | undefined,
): VariableDefinition {
  return {
    name,
    summary,
    isCollection: false,
    fixedFrom,
    text: get,
    read(state) {
      const value = get(state)
      return value === undefined ? noValues : [new Value(name, undefined, value)]
    },
  }
}

/** A variable with named members. */
export function collection(
  name: string,
  fixedFrom: VariableDefinition['fixedFrom'],
  summary: string,
  read: (state: State) => readonly Value[],
): VariableDefinition {
  return { name, summary, isCollection: true, fixedFrom, read }
}

/** As SecLang has yes and no. */
export function flag(on: boolean): ByteString {
  return on ? '1' : '0'
}
