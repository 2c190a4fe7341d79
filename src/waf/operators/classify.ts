// classify: whether the classifier is at least this sure that a value is an attack, `@classify classifier.model 0.98`, or
// at most this sure, `@classify classifier.model below 0.02`, by which a doubtful rule is let go. The latter never holds for
// a value that it doesn't read to the end: padding would buy the way past the rule.

import { type ByteString, bufferToBytes } from '../../lib/bytes.ts'
import { RecentTexts } from '../../lib/recent-texts.ts'
import { readBytes } from '../classifier/features.ts'
import { isSuspicious } from '../classifier/gate.ts'
import { logOdds, type Model, parseModel } from '../classifier/model.ts'
import { capture, fileNames, ok } from './argument.ts'
import type { CompileContext, CompileOperatorResult, OperatorArgument, OperatorDefinition } from './types.ts'

export const classify: OperatorDefinition = {
  name: 'classify',
  summary:
    "Merlon's own: the model in the file gives the value at least (`below`: at most) this probability of being an attack.",
  compile,
}

function compile(argument: OperatorArgument, context: CompileContext): CompileOperatorResult {
  const words = fileNames(argument)
  const isBelow = words[1] === 'below'
  const name = words[0]
  const probability = Number(words[isBelow ? 2 : 1])
  if (name === undefined || !(probability > 0 && probability < 1)) {
    return { ok: false, message: 'expected a file name, perhaps the word below, and a probability between 0 and 1' }
  }
  let model: Model | undefined
  try {
    model = parseModel(bufferToBytes(context.files.read(context.files.resolve(context.ruleFile, name))))
  } catch {
    return { ok: false, message: `can't read ${name}` }
  }
  if (!model) return { ok: false, message: `${name} is not a model of this version` }
  const judge = judgeOf(model)
  const bound = Math.log(probability / (1 - probability))
  if (isBelow) {
    return ok({
      test: value => value.length <= readBytes && isSuspicious(value) && judge(value) <= bound,
    })
  }
  return ok({
    test(value, call) {
      if (!isSuspicious(value) || judge(value) < bound) return false
      capture(call, value, 0, Math.min(value.length, readBytes))
      return true
    },
  })
}

/** Several rules ask for the same value with different bounds, and requests repeat values. */
function judgeOf(model: Model): (value: ByteString) => number {
  const known = new RecentTexts<number>()
  return value => {
    let odds = known.get(value)
    if (odds === undefined) {
      odds = logOdds(model, value)
      known.set(value, odds)
    }
    return odds
  }
}
