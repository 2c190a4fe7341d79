// An irregular pattern loosened to a regular one that matches at least as much: lookarounds are left out, atomic
// groups may give back, a backreference matches whatever its group can match. Its DFA sorts out nearly every value in
// linear time, and the literal extraction works on it; only what passes goes to backtrack.ts.

import { children, emptyNode, type Node } from './ast.ts'
import { anyByte, foldCase } from './byte-set.ts'

const anything: Node = {
  kind: 'repeat',
  node: { kind: 'set', set: anyByte },
  min: 0,
  max: Infinity,
  greedy: true,
}

export function relax(root: Node): Node {
  const groups = new Map<number, Node>()
  findGroups(root, groups)
  const visit = (node: Node): Node => {
    if (node.kind === 'look') return emptyNode
    if (node.kind === 'atomic') return visit(node.node)
    if (node.kind === 'backreference') {
      const group = groups.get(node.group)
      return group === undefined || holdsReference(group) ? anything : anywhere(group, node.caseInsensitive)
    }
    return mapChildren(node, visit)
  }
  return visit(root)
}

/** The node as it may match at another place: free of conditions on its neighbourhood. */
function anywhere(node: Node, caseInsensitive: boolean): Node {
  if (node.kind === 'assert' || node.kind === 'look') return emptyNode
  if (node.kind === 'atomic' || node.kind === 'group') return anywhere(node.node, caseInsensitive)
  if (node.kind === 'set') return caseInsensitive ? { kind: 'set', set: foldCase(node.set) } : node
  return mapChildren(node, child => anywhere(child, caseInsensitive))
}

function mapChildren(node: Node, map: (node: Node) => Node): Node {
  switch (node.kind) {
    case 'concat':
      return { kind: 'concat', parts: node.parts.map(map) }
    case 'alternate':
      return { kind: 'alternate', branches: node.branches.map(map) }
    case 'repeat':
    case 'group':
      return { ...node, node: map(node.node) }
    default:
      return node
  }
}

function findGroups(node: Node, groups: Map<number, Node>): void {
  if (node.kind === 'group') groups.set(node.index, node.node)
  for (const child of children(node)) findGroups(child, groups)
}

function holdsReference(node: Node): boolean {
  return node.kind === 'backreference' || children(node).some(holdsReference)
}
