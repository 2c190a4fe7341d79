// classify: whether the classifier is at least this sure that a value is an attack, `@classify classifier.model 0.98`, or
// at most this sure, `@classify classifier.model below 0.02`, by which a doubtful rule is let go. The latter never holds for
// a value that it doesn't read to the end: padding would buy the way past the rule. Prose is not shown to the model
// where only a high probability counts: it never gives that to prose.

import { type ByteString, bufferToBytes, bytesToBuffer } from '../../lib/bytes.ts'
import { readBytes } from '../classifier/features.ts'
import { isSuspicious } from '../classifier/gate.ts'
import { logOdds, type Model, parseModel } from '../classifier/model.ts'
import { isProse } from '../classifier/prose.ts'
import { capture, fileNames, ok } from './argument.ts'
import type { CompileContext, CompileOperatorResult, OperatorArgument, OperatorDefinition } from './types.ts'

export const classify: OperatorDefinition = {
  name: 'classify',
  summary:
    "Merlon's own: the model in the file gives the value at least (`below`: at most) this probability of being an attack.",
  compile,
}

/** Prose has less than this. */
const sparing = 0.8

function compile(argument: OperatorArgument, context: CompileContext): CompileOperatorResult {
  const words = fileNames(argument)
  const isBelow = words[1] === 'below'
  const name = words[0]
  const probability = Number(words[isBelow ? 2 : 1])
  if (name === undefined || !(probability > 0 && probability < 1)) {
    return { ok: false, message: 'expected a file name, perhaps the word below, and a probability between 0 and 1' }
  }
  let judge: Judge | undefined
  try {
    judge = judgeOf(bufferToBytes(context.files.read(context.files.resolve(context.ruleFile, name))))
  } catch {
    return { ok: false, message: `can't read ${name}` }
  }
  if (!judge) return { ok: false, message: `${name} is not a model of this version` }
  const { logOddsOf } = judge
  const bound = Math.log(probability / (1 - probability))
  const sparesProse = probability >= sparing
  if (isBelow) {
    return ok({
      test: value => value.length <= readBytes && isSuspicious(value) && logOddsOf(value) <= bound,
    })
  }
  return ok({
    test(value, call) {
      if (!isSuspicious(value) || (sparesProse && isProse(value)) || logOddsOf(value) < bound) return false
      capture(call, value, 0, Math.min(value.length, readBytes))
      return true
    },
  })
}

interface Judge {
  readonly text: ByteString
  readonly logOddsOf: (value: ByteString) => number
}

let latest: Judge | undefined

/** Several rules ask for the same value with different bounds, and requests repeat values: rules share what is known. */
function judgeOf(text: ByteString): Judge | undefined {
  if (latest?.text === text) return latest
  const model = parseModel(text)
  if (model) latest = { text, logOddsOf: remembering(model) }
  return model && latest
}

/** A power of two. */
const slots = 256

/** As one rule after the other asks, a value is kept when it is met first; as a copy, of what is read of it. */
function remembering(model: Model): (value: ByteString) => number {
  const texts = new Array<ByteString | undefined>(slots).fill(undefined)
  const odds = new Float64Array(slots)
  return value => {
    const head = value.length > readBytes ? value.slice(0, readBytes + 1) : value
    const slot = slotOf(head)
    if (texts[slot] !== head) {
      odds[slot] = logOdds(model, head)
      texts[slot] = bytesToBuffer(head).toString('latin1')
    }
    return odds[slot] as number
  }
}

/** By some 32 of its bytes. */
function slotOf(text: ByteString): number {
  const { length } = text
  let hash = length
  const step = 1 + (length >>> 5)
  for (let i = 0; i < length; i += step) hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1)
  return (hash ^ (hash >>> 15)) & (slots - 1)
}
