// A linear model over the features of features.ts: weights of one byte each, and the line that makes its sum a
// probability. The file is a line of JSON and a line of base64, made by tools/train/train.ts and by nothing else.

import type { ByteString } from '../../lib/bytes.ts'
import { extractFeatures, featureCount, maxFeatures } from './features.ts'

export interface Model {
  readonly weights: Int8Array
  /** What one step of a weight is worth. */
  readonly scale: number
  readonly bias: number
  /** Logit of the calibrated probability: `slope * sum + offset`. */
  readonly slope: number
  readonly offset: number
}

const features = new Int32Array(maxFeatures)

/** The log-odds that a value is an attack. */
export function logOdds(model: Model, value: ByteString): number {
  const count = extractFeatures(value, features)
  const { weights } = model
  let sum = 0
  for (let i = 0; i < count; i++) sum += weights[features[i] as number] as number
  const raw = (sum * model.scale) / Math.sqrt(Math.max(count, 1)) + model.bias
  return model.slope * raw + model.offset
}

export function parseModel(text: ByteString): Model | undefined {
  const [head, data] = text.split('\n')
  if (head === undefined || data === undefined) return undefined
  const header = parseHeader(head)
  const bytes = Buffer.from(data.trim(), 'base64')
  if (!header || bytes.length !== featureCount) return undefined
  return { ...header, weights: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) }
}

function parseHeader(line: ByteString): Omit<Model, 'weights'> | undefined {
  let header: unknown
  try {
    header = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof header !== 'object' || header === null) return undefined
  const { scale, bias, slope, offset } = header as Record<string, unknown>
  if (typeof scale !== 'number' || typeof bias !== 'number') return undefined
  if (typeof slope !== 'number' || typeof offset !== 'number') return undefined
  return { scale, bias, slope, offset }
}

export function formatModel({ weights, ...header }: Model): string {
  return `${JSON.stringify(header)}\n${Buffer.from(weights.buffer, weights.byteOffset, weights.length).toString('base64')}\n`
}
