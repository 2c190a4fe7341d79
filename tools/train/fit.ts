// Fits the classifier: logistic regression by AdaGrad over the hashed features, deterministic. Of an attack row it is not
// known which value attacks, so the value that the model of the round before finds worst stands for the row (multiple
// instance learning); values that benign rows have, too, stand for nothing.

import { utf8ToBytes } from '../../src/lib/bytes.ts'
import { extractFeatures, featureCount, maxFeatures } from '../../src/waf/classifier/features.ts'
import { isSuspicious } from '../../src/waf/classifier/gate.ts'
import { logOdds, type Model } from '../../src/waf/classifier/model.ts'
import { benignValues } from './benign-values.ts'
import type { Sample } from './values.ts'

const rounds = 3
const epochs = 6
const rate = 0.5
const l2 = 2e-6
const seed = 20260801

const scratch = new Int32Array(maxFeatures)
const cache = new Map<string, Int32Array>()

/** Features of a value, kept from fit to fit: leave-one-out fits the same values many times. */
function featuresOf(value: string): Int32Array {
  let found = cache.get(value)
  if (!found) {
    found = scratch.slice(0, extractFeatures(value, scratch))
    cache.set(value, found)
  }
  return found
}

/** As the gate lets them through. */
const own = benignValues().map(utf8ToBytes).filter(isSuspicious)

class Weights {
  readonly weights = new Float32Array(featureCount)
  bias = 0
  readonly #squares = new Float32Array(featureCount).fill(1e-2)
  #biasSquare = 1e-2

  sum(features: Int32Array): number {
    let total = 0
    for (let i = 0; i < features.length; i++) total += this.weights[features[i] as number] as number
    return total / Math.sqrt(Math.max(features.length, 1)) + this.bias
  }

  learn(features: Int32Array, isAttack: boolean, importance: number): void {
    const error = (1 / (1 + Math.exp(-this.sum(features))) - (isAttack ? 1 : 0)) * importance
    const step = error / Math.sqrt(Math.max(features.length, 1))
    for (let i = 0; i < features.length; i++) {
      const at = features[i] as number
      const gradient = step + l2 * (this.weights[at] as number)
      const square = (this.#squares[at] as number) + gradient * gradient
      this.#squares[at] = square
      this.weights[at] = (this.weights[at] as number) - (rate * gradient) / Math.sqrt(square)
    }
    this.#biasSquare += error * error
    this.bias -= (rate * error) / Math.sqrt(this.#biasSquare)
  }
}

export function fit(samples: readonly Sample[]): Model {
  const benign = new Set(own)
  for (const sample of samples) if (!sample.isAttack) for (const value of sample.values) benign.add(value)
  const attacks = samples
    .filter(sample => sample.isAttack)
    .map(sample => sample.values.filter(value => !benign.has(value)))
    .filter(values => values.length > 0)
  let weights: Weights | undefined
  for (let round = 0; round < rounds; round++) {
    const positive = new Set(attacks.map(values => worst(values, weights)))
    weights = learn([...positive], [...benign])
  }
  if (!weights) throw new Error('nothing to learn from')
  return quantize(weights, [...new Set(attacks.map(values => worst(values, weights)))], [...benign])
}

/** Before the first round the longest value: a payload is longer than a token. */
function worst(values: readonly string[], weights: Weights | undefined): string {
  const measure = weights ? (value: string) => weights.sum(featuresOf(value)) : (value: string) => value.length
  return values.reduce((best, value) => (measure(value) > measure(best) ? value : best))
}

function learn(positive: readonly string[], negative: readonly string[]): Weights {
  const examples = [
    ...positive.map(value => ({ features: featuresOf(value), isAttack: true })),
    ...negative.map(value => ({ features: featuresOf(value), isAttack: false })),
  ]
  const importance = Math.min(4, Math.max(1, negative.length / Math.max(1, positive.length)))
  const weights = new Weights()
  const random = generator(seed)
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = examples.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      const kept = examples[i] as (typeof examples)[number]
      examples[i] = examples[j] as (typeof examples)[number]
      examples[j] = kept
    }
    for (const { features, isAttack } of examples) weights.learn(features, isAttack, isAttack ? importance : 1)
  }
  return weights
}

/** A linear congruential generator: the same order on every machine. */
function generator(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000
  }
}

/** Weights of a byte, clipped where 0.1 % are larger; the line is Platt's, fitted on the values themselves. */
function quantize(found: Weights, positive: readonly string[], negative: readonly string[]): Model {
  const sizes = [...found.weights].map(Math.abs).sort((a, b) => a - b)
  const largest = sizes[Math.floor(sizes.length * 0.999)] || 1
  const scale = largest / 127
  const weights = new Int8Array(featureCount)
  for (let i = 0; i < featureCount; i++) {
    weights[i] = Math.max(-127, Math.min(127, Math.round((found.weights[i] as number) / scale)))
  }
  const raw: Model = { scale: round(scale), bias: round(found.bias), slope: 1, offset: 0, weights }
  return { ...raw, ...calibrate(raw, positive, negative) }
}

function calibrate(model: Model, positive: readonly string[], negative: readonly string[]) {
  const points = [
    ...positive.map(value => ({ x: logOdds(model, value), y: 1 })),
    ...negative.map(value => ({ x: logOdds(model, value), y: 0 })),
  ]
  let slope = 1
  let offset = 0
  for (let step = 0; step < 200; step++) {
    let bySlope = 0
    let byOffset = 0
    for (const { x, y } of points) {
      const error = 1 / (1 + Math.exp(-(slope * x + offset))) - y
      bySlope += error * x
      byOffset += error
    }
    slope -= (0.05 * bySlope) / points.length
    offset -= (0.5 * byOffset) / points.length
  }
  return { slope: round(slope), offset: round(offset) }
}

function round(value: number): number {
  return Number(value.toPrecision(6))
}
