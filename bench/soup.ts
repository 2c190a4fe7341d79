// Values made to be dear for one pattern: its literals in random order, and strings that it would match but for their
// last bytes. Deterministic.

import { requirementsOf } from '../src/waf/match/requirements.ts'
import { nodePorts } from '../src/waf/node.ts'
import { RegexOperator } from '../src/waf/operators/regex.ts'
import type { Node } from '../src/waf/regex/ast.ts'
import { setMembers } from '../src/waf/regex/byte-set.ts'
import type { Regex } from '../src/waf/regex/types.ts'
import { loadProgram } from '../src/waf/rules/program.ts'
import type { RuleSource } from '../src/waf/types.ts'

/** The distinct patterns of the request rules of paranoia level 1, with the rule that first has each. */
export function patternsOf(sources: readonly RuleSource[]): { readonly id: number; readonly regex: Regex }[] {
  const loaded = loadProgram({ rules: sources, ports: nodePorts() })
  if (!loaded.ok) throw new Error(loaded.problems[0]?.message)
  const found = new Map<string, { id: number; regex: Regex }>()
  for (const rule of loaded.program.phases.flat()) {
    if (rule.info.paranoia > 1 || rule.phase > 2) continue
    for (const { operator } of rule.links) {
      if (!(operator instanceof RegexOperator) || found.has(operator.regex.source)) continue
      found.set(operator.regex.source, { id: rule.info.id, regex: operator.regex })
    }
  }
  return [...found.values()]
}

export function soups(regex: Regex): { readonly name: string; readonly make: (bytes: number) => string }[] {
  const literals = requirementsOf(regex.ast).cuts.flatMap(cut => cut.literals.slice(0, 500))
  const nearMisses = { name: 'near misses', make: (bytes: number) => nearMissSoup(regex.ast, bytes) }
  if (literals.length === 0) return [nearMisses]
  return [{ name: 'literals', make: bytes => literalSoup(literals, bytes) }, nearMisses]
}

const joiners = [' ', '', '(', 'a', '=', '"', "'", '/', ';']

function literalSoup(literals: readonly string[], bytes: number): string {
  const random = new Random()
  let text = ''
  while (text.length < bytes) text += random.pick(literals) + random.pick(joiners)
  return text.slice(0, bytes)
}

function nearMissSoup(ast: Node, bytes: number): string {
  const random = new Random()
  let text = ''
  while (text.length < bytes) {
    const match = sample(ast, random) || ' '
    text += match.slice(0, Math.max(1, match.length - 1 - random.below(2)))
  }
  return text.slice(0, bytes)
}

const usualBytes = /[!-~]/

/** A string that the node matches, assertions aside. */
function sample(node: Node, random: Random): string {
  switch (node.kind) {
    case 'set': {
      const chars = setMembers(node.set).map(byte => String.fromCharCode(byte))
      const usual = chars.filter(char => usualBytes.test(char))
      return chars.length === 0 ? '' : random.pick(usual.length === 0 ? chars : usual)
    }
    case 'concat':
      return node.parts.map(part => sample(part, random)).join('')
    case 'alternate':
      return sample(random.pick(node.branches), random)
    case 'repeat': {
      const most = Math.min(node.max, node.min + 20)
      let text = ''
      for (let count = node.min + random.below(most - node.min + 1); count > 0; count--)
        text += sample(node.node, random)
      return text
    }
    case 'group':
      return sample(node.node, random)
    default:
      return ''
  }
}

class Random {
  #state = 4711

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return (this.#state >>> 8) % limit
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}
