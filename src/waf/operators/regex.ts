// rx and rxGlobal: patterns of rules, run by the engine's own linear-time matcher.

import type { ByteString } from '../../lib/bytes.ts'
import { Lru } from '../../lib/lru.ts'
import { compileRegex } from '../regex/index.ts'
import type { Regex } from '../regex/types.ts'
import { ok } from './argument.ts'
import type {
  CompileContext,
  CompileOperatorResult,
  Operator,
  OperatorArgument,
  OperatorCall,
  OperatorDefinition,
} from './types.ts'

/** TX.0 to TX.9. */
const maxCaptures = 10
/** Each match costs a pass over the value, so their number is what keeps rxGlobal linear. */
const maxGlobalMatches = 50
/** Patterns made of macros: distinct expansions kept compiled, for one rule. */
const keptExpansions = 64

export const rx: OperatorDefinition = {
  name: 'rx',
  summary: 'The regular expression matches somewhere in the value.',
  compile: (argument, context) => compile(argument, context, captureFirst),
}

export const rxGlobal: OperatorDefinition = {
  name: 'rxGlobal',
  summary: 'As rx; captures the groups of all matches one after the other.',
  compile: (argument, context) => compile(argument, context, captureAll),
}

type Capture = (regex: Regex, value: ByteString, call: OperatorCall) => boolean

/** An rx with a fixed pattern. The rule compiler reads `regex` to build its prefilter. */
export class RegexOperator implements Operator {
  readonly regex: Regex
  readonly #capture: Capture

  constructor(regex: Regex, capture: Capture) {
    this.regex = regex
    this.#capture = capture
  }

  test(value: ByteString, call: OperatorCall): boolean {
    return call.wantCaptures ? this.#capture(this.regex, value, call) : this.regex.test(value)
  }
}

function compile(argument: OperatorArgument, context: CompileContext, capture: Capture): CompileOperatorResult {
  const options = { dotAll: true, multiline: context.multiline }
  if (!argument.isStatic) {
    const compiled = new Lru<ByteString, Regex | 'broken'>(keptExpansions)
    return ok({
      test(value, call) {
        const pattern = argument.expand(call.scope)
        let regex = compiled.get(pattern)
        if (regex === undefined) {
          const result = compileRegex(pattern, options)
          regex = result.ok ? result.regex : 'broken'
          compiled.set(pattern, regex)
        }
        if (regex === 'broken') return false
        return call.wantCaptures ? capture(regex, value, call) : regex.test(value)
      },
    })
  }
  const result = compileRegex(argument.text, options)
  if (!result.ok) return result
  return ok(new RegexOperator(result.regex, capture))
}

/** CRS takes whole values apart with this pattern for every header name; nothing is to be searched for. */
const wholeLine = '^.*$'

function captureFirst(regex: Regex, value: ByteString, call: OperatorCall): boolean {
  if (regex.source === wholeLine && !value.includes('\n')) {
    call.spanStart = 0
    call.spanEnd = value.length
    call.captures.push(value)
    return true
  }
  const found = regex.exec(value)
  if (!found) return false
  call.spanStart = found[0] ?? -1
  call.spanEnd = found[1] ?? -1
  addGroups(found, value, call)
  return true
}

function captureAll(regex: Regex, value: ByteString, call: OperatorCall): boolean {
  const first = regex.exec(value)
  if (!first) return false
  call.spanStart = first[0] ?? -1
  call.spanEnd = first[1] ?? -1
  let found: Int32Array | undefined = first
  for (let count = 0; found && count < maxGlobalMatches && call.captures.length < maxCaptures; count++) {
    const start = found[0] ?? 0
    const end = found[1] ?? 0
    // An empty match says something only when it is the only one.
    if (end > start || (found === first && value === '')) addGroups(found, value, call)
    if (end >= value.length) break
    found = regex.exec(value, end > start ? end : end + 1)
  }
  if (call.captures.length === 0) addGroups(first, value, call)
  return true
}

/** A group that took no part is empty. */
function addGroups(found: Int32Array, value: ByteString, call: OperatorCall): void {
  for (let i = 0; i < found.length && call.captures.length < maxCaptures; i += 2) {
    const start = found[i] ?? -1
    call.captures.push(start < 0 ? '' : value.slice(start, found[i + 1]))
  }
}
