// What a pattern means, free of its spelling: flags are applied, classes are byte sets, names are numbers.
// Everything else in this folder and the literal extraction in ../match derive from this tree.

import type { ByteSet } from './byte-set.ts'

export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'concat'; readonly parts: readonly Node[] }
  | { readonly kind: 'alternate'; readonly branches: readonly Node[] }
  | {
      readonly kind: 'repeat'
      readonly node: Node
      readonly min: number
      /** Infinity for no upper bound. */
      readonly max: number
      readonly greedy: boolean
    }
  | { readonly kind: 'group'; readonly index: number; readonly node: Node }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | IrregularNode

/** Zero-width conditions that one byte on either side decides; `textEndNewline` alone looks two bytes ahead. */
export type Assertion =
  | 'textStart'
  | 'textEnd'
  | 'textEndNewline'
  | 'lineStart'
  | 'lineEnd'
  | 'wordBoundary'
  | 'notWordBoundary'
  | { readonly notNext: ByteSet }

/** What no finite automaton of ours decides; see irregular.ts. */
type IrregularNode =
  | { readonly kind: 'look'; readonly ahead: boolean; readonly negative: boolean; readonly node: Node }
  | { readonly kind: 'atomic'; readonly node: Node }
  | { readonly kind: 'backreference'; readonly group: number; readonly caseInsensitive: boolean }

export const emptyNode: Node = { kind: 'empty' }

export function concat(parts: readonly Node[]): Node {
  const only = parts[0]
  if (only === undefined) return emptyNode
  return parts.length === 1 ? only : { kind: 'concat', parts }
}

export function alternate(branches: readonly Node[]): Node {
  const only = branches[0]
  if (only === undefined) return emptyNode
  return branches.length === 1 ? only : { kind: 'alternate', branches }
}

export function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'concat':
      return node.parts
    case 'alternate':
      return node.branches
    case 'repeat':
    case 'group':
    case 'look':
    case 'atomic':
      return [node.node]
    default:
      return []
  }
}

/** Whether the node can match without consuming a byte. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'concat':
      return node.parts.every(isNullable)
    case 'alternate':
      return node.branches.some(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.node)
    case 'group':
    case 'atomic':
      return isNullable(node.node)
    default:
      return true
  }
}

/**
 * Whether every match starts where one of the assertions holds. With `textStart` alone an unanchored search need try no
 * other place than the start of the text.
 */
export function isAnchored(node: Node, at: readonly Assertion[] = ['textStart']): boolean {
  switch (node.kind) {
    case 'assert':
      return at.includes(node.assertion)
    case 'concat': {
      for (const part of node.parts) {
        if (isAnchored(part, at)) return true
        if (part.kind !== 'assert' && part.kind !== 'empty') return false
      }
      return false
    }
    case 'alternate':
      return node.branches.every(branch => isAnchored(branch, at))
    case 'repeat':
      return node.min > 0 && isAnchored(node.node, at)
    case 'group':
    case 'atomic':
      return isAnchored(node.node, at)
    default:
      return false
  }
}
