// Start and end of the leftmost match, with PCRE's priorities, by simulation: as a Pike VM without groups, but in places
// instead of states (step-cache.ts), which is several times faster. One pass from where a match may start.

import type { ByteString } from '../../lib/bytes.ts'
import { holds } from './alphabet.ts'
import { type Nfa, Op } from './nfa.ts'
import { StepCache } from './step-cache.ts'

/** A step: whether a match ends before the byte, the number of places after it, the places, most preferred first. */
const stepHead = 2
const maxMark = 0x3fffffff

export class Follower {
  private readonly nfa: Nfa
  private readonly anchored: boolean
  private readonly cache: StepCache
  /** Places at this position and the next, and where the match that each belongs to starts. */
  private places: Int32Array
  private starts: Int32Array
  private nextPlaces: Int32Array
  private nextStarts: Int32Array
  /** Of a place: the position plus `firstMark` that it was last added for. */
  private readonly marks: Int32Array
  private nextMark = 1

  constructor(nfa: Nfa, anchored: boolean) {
    this.nfa = nfa
    this.anchored = anchored
    this.cache = new StepCache(nfa, false, (place, before, after, c) => this.makeStep(place, before, after, c))
    this.places = new Int32Array(nfa.ops.length)
    this.starts = new Int32Array(nfa.ops.length)
    this.nextPlaces = new Int32Array(nfa.ops.length)
    this.nextStarts = new Int32Array(nfa.ops.length)
    this.marks = new Int32Array(nfa.ops.length)
  }

  /** The leftmost match that starts at or after `from`, where there is one; undefined after too many visits of places. */
  match(input: ByteString, from: number, maxVisits: number): Int32Array | undefined {
    const { cache, marks, anchored, nfa } = this
    const { classOf, classCount } = nfa.alphabet
    const { width } = cache
    const { length } = input
    if (this.nextMark + length > maxMark) {
      marks.fill(0)
      this.nextMark = 1
    }
    const firstMark = this.nextMark - from
    this.nextMark += length - from + 3
    let found: Int32Array | undefined
    let count = 0
    let visits = 0
    let classBefore = from === 0 ? classCount : (classOf[input.charCodeAt(from - 1) & 0xff] as number)
    for (let position = from; position <= length; position++) {
      const c = position === length ? classCount : (classOf[input.charCodeAt(position) & 0xff] as number)
      const isFinal = position === length - 1
      if (found === undefined && (!anchored || position === 0) && marks[nfa.start] !== firstMark + position) {
        this.places[count] = nfa.start
        this.starts[count++] = position
      }
      if (count === 0 && (found !== undefined || anchored)) return found
      const { places, starts, nextPlaces, nextStarts } = this
      const mark = firstMark + position + 1
      let nextCount = 0
      visits += count
      if (visits > maxVisits) return undefined
      for (let i = 0; i < count; i++) {
        const place = places[i] as number
        const row = cache.rows[place]
        let at = row !== undefined && row.length === width ? (row[c] as number) : 0
        if (at === 0) at = cache.at(place, classBefore, c, isFinal)
        const { kept } = cache
        const matches = kept[at] as number
        const next = kept[at + 1] as number
        at += stepHead
        for (let k = 0; k < next; k++) {
          const place = kept[at++] as number
          if (marks[place] === mark) continue
          marks[place] = mark
          nextPlaces[nextCount] = place
          nextStarts[nextCount++] = starts[i] as number
        }
        if (matches === 1) {
          found = Int32Array.of(starts[i] as number, position)
          // Places after this one are less preferred.
          break
        }
      }
      this.places = nextPlaces
      this.starts = nextStarts
      this.nextPlaces = places
      this.nextStarts = starts
      count = nextCount
      classBefore = c
    }
    return found
  }

  private makeStep(place: number, before: number, after: number, c: number): readonly number[] {
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    const seen = new Set<number>()
    const next = new Set<number>()
    const stack = [place]
    let matches = false
    while (stack.length > 0 && !matches) {
      const state = stack.pop() as number
      if (seen.has(state)) continue
      seen.add(state)
      const arg = args[state] as number
      switch (ops[state]) {
        case Op.set:
          if (c !== alphabet.classCount && alphabet.setHas[arg * alphabet.classCount + c] === 1)
            next.add(outs[state] as number)
          break
        case Op.match:
          matches = true
          break
        case Op.assert: {
          const assertion = alphabet.assertions[arg]
          const mask = alphabet.assertionMask[arg] as number
          if (assertion !== undefined && holds(assertion, mask, before, after)) stack.push(outs[state] as number)
          break
        }
        default:
          stack.push(alternatives[state] as number, outs[state] as number)
      }
    }
    return [matches ? 1 : 0, next.size, ...next]
  }
}
