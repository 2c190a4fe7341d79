// What most operators do with their argument: prepare it once when it is static, else for each value.

import type { ByteString } from '../../lib/bytes.ts'
import type { CompileOperatorResult, Operator, OperatorArgument, OperatorCall, OperatorDefinition } from './types.ts'

export function ok(operator: Operator): CompileOperatorResult {
  return { ok: true, operator }
}

/** Compares a value with the expanded argument. Writes the span into `call` when captures are wanted. */
export type Comparison = (value: ByteString, argument: ByteString, call: OperatorCall) => boolean

export function comparison(name: string, summary: string, compare: Comparison): OperatorDefinition {
  return {
    name,
    summary,
    compile(argument) {
      if (!argument.isStatic) return ok({ test: (value, call) => compare(value, argument.expand(call.scope), call) })
      const text = argument.text
      return ok({ test: (value, call) => compare(value, text, call) })
    },
  }
}

/** An operator that looks at the value alone. */
export function check(
  name: string,
  summary: string,
  test: (value: ByteString, call: OperatorCall) => boolean,
): OperatorDefinition {
  return { name, summary, compile: () => ok({ test }) }
}

/** The value as it matched, from `start` to `end`, as TX.0. */
export function capture(call: OperatorCall, value: ByteString, start: number, end: number): void {
  if (!call.wantCaptures) return
  call.spanStart = start
  call.spanEnd = end
  call.captures.push(value.slice(start, end))
}

/** Only where it matched: the operators that ModSecurity lets set no TX.0. */
export function span(call: OperatorCall, start: number, end: number): void {
  if (!call.wantCaptures) return
  call.spanStart = start
  call.spanEnd = end
}

/** A file argument: names separated by spaces, each seen from the rule file. */
export function fileNames(argument: OperatorArgument): ByteString[] {
  return argument.text.split(' ').filter(name => name !== '')
}
