// Which context bits the assertions that a state leads to without a byte ask for: what a state of a DFA must remember of
// the byte before it.

import { type Nfa, Op } from './nfa.ts'

export class ReachMasks {
  private readonly nfa: Nfa
  private readonly known: Int32Array

  constructor(nfa: Nfa) {
    this.nfa = nfa
    this.known = new Int32Array(nfa.ops.length).fill(-1)
  }

  of(state: number): number {
    const known = this.known[state] as number
    if (known !== -1) return known
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    if (ops[state] === Op.set || ops[state] === Op.match) return 0
    let mask = 0
    const visited = new Set<number>()
    const stack = [state]
    while (stack.length > 0) {
      const next = stack.pop() as number
      if (visited.has(next) || ops[next] === Op.set || ops[next] === Op.match) continue
      visited.add(next)
      if (ops[next] === Op.assert) mask |= alphabet.assertionMask[args[next] as number] as number
      if (ops[next] === Op.split) stack.push(alternatives[next] as number)
      stack.push(outs[next] as number)
    }
    this.known[state] = mask
    return mask
  }
}
