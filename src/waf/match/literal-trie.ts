// Builds the tables of aho-corasick.ts: a trie of the literals, its failure links, and the dense table in final order.

import type { ByteString } from '../../lib/bytes.ts'
import { placeShare } from './cut.ts'

/** Rows × classes, 4 bytes each. The CRS at PL1 needs about 4.5 million. */
const maxTableEntries = 1 << 26

export interface LiteralTables {
  /** Next row offset by row offset + class. The root is row 0. */
  readonly table: Int32Array
  readonly classOf: Uint8Array
  readonly classCount: number
  /** Row offsets from here on end a literal. */
  readonly firstOutput: number
  /** Literals that end in the k-th output state, longest first: outputs[outputStart[k]…outputStart[k + 1]]. */
  readonly outputStart: Int32Array
  readonly outputs: Int32Array
  /** Length of the prefix that a row stands for. */
  readonly depths: Int32Array
}

/** @throws RangeError when the literals need more table than `maxTableEntries`. Empty literals never match. */
export function buildLiteralTables(literals: readonly ByteString[], caseInsensitive: boolean): LiteralTables {
  const { classOf, classCount, shares } = classify(literals, caseInsensitive)
  const trie = new Trie(1 + literals.reduce((sum, literal) => sum + literal.length, 0))
  const literalsAt = new Map<number, number[]>()
  literals.forEach((literal, index) => {
    if (literal.length === 0) return
    let node = 0
    for (let i = 0; i < literal.length; i++) node = trie.childOrNew(node, classOf[literal.charCodeAt(i) & 0xff] ?? 0)
    const list = literalsAt.get(node)
    if (list === undefined) literalsAt.set(node, [index])
    else list.push(index)
  })
  if (trie.count * classCount > maxTableEntries) {
    throw new RangeError(`literals need ${trie.count} states, more than fit in the table`)
  }
  const { order, fail, depth } = trie.link()

  // Outputs of a node: its own literals, then those of its suffixes. The nearest suffix that has any is a link away.
  const outputNode = new Uint8Array(trie.count)
  for (const node of order) {
    if (literalsAt.has(node) || outputNode[fail[node] ?? 0] === 1) outputNode[node] = 1
  }
  const weights = weightsOf(trie, order, shares)
  const rowOf = new Int32Array(trie.count)
  let row = 0
  for (const node of byWeight(order, weights, node => outputNode[node] === 0)) rowOf[node] = row++
  const firstOutputRow = row
  for (const node of byWeight(order, weights, node => outputNode[node] === 1)) rowOf[node] = row++

  const table = new Int32Array(trie.count * classCount)
  const depths = new Int32Array(trie.count)
  const outputLists: number[][] = []
  for (const node of order) {
    const own = rowOf[node] ?? 0
    const suffix = rowOf[fail[node] ?? 0] ?? 0
    depths[own] = depth[node] ?? 0
    if (node !== 0) table.copyWithin(own * classCount, suffix * classCount, (suffix + 1) * classCount)
    for (let child = trie.firstChild[node] ?? 0; child !== 0; child = trie.nextSibling[child] ?? 0) {
      table[own * classCount + (trie.classAt[child] ?? 0)] = (rowOf[child] ?? 0) * classCount
    }
    if (own < firstOutputRow) continue
    const inherited = suffix < firstOutputRow ? [] : (outputLists[suffix - firstOutputRow] ?? [])
    outputLists[own - firstOutputRow] = [...(literalsAt.get(node) ?? []), ...inherited]
  }
  const outputStart = new Int32Array(outputLists.length + 1)
  outputLists.forEach((list, k) => {
    outputStart[k + 1] = (outputStart[k] ?? 0) + list.length
  })
  return {
    table,
    classOf,
    classCount,
    firstOutput: firstOutputRow * classCount,
    outputStart,
    outputs: Int32Array.from(outputLists.flat()),
    depths,
  }
}

/** How often texts may be expected to come to each node: its row then stands among others as often used. */
function weightsOf(trie: Trie, order: Int32Array, shares: Float64Array): Float64Array {
  const weights = new Float64Array(trie.count)
  weights[0] = 1
  for (const node of order) {
    for (let child = trie.firstChild[node] ?? 0; child !== 0; child = trie.nextSibling[child] ?? 0) {
      weights[child] = (weights[node] ?? 0) * (shares[trie.classAt[child] ?? 0] ?? 0)
    }
  }
  return weights
}

function byWeight(order: Int32Array, weights: Float64Array, belongs: (node: number) => boolean): Int32Array {
  return order.filter(belongs).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
}

/** Entries of a line of the CPU's cache: a row that begins with one has its most frequent classes in it. */
const lineEntries = 16

/** Class 0 is every byte that occurs in no literal; the others stand in the order in which texts use them. */
function classify(
  literals: readonly ByteString[],
  caseInsensitive: boolean,
): { classOf: Uint8Array; classCount: number; shares: Float64Array } {
  const used = new Set<number>()
  const fold = (byte: number) => (caseInsensitive && byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)
  for (const literal of literals) {
    for (let i = 0; i < literal.length; i++) used.add(fold(literal.charCodeAt(i) & 0xff))
  }
  const share = (byte: number) => placeShare[byte] ?? 0
  const ranked = [...used].sort((a, b) => share(b) - share(a) || a - b)
  // 256 bytes and the class of unused ones never need 257 classes: when all are used, the first one is class 0.
  const spare = ranked.length < 256 ? 1 : 0
  const classOf = new Uint8Array(256)
  for (const [i, byte] of ranked.entries()) classOf[byte] = spare + i
  for (let byte = 0; byte < 256; byte++) classOf[byte] = classOf[fold(byte)] ?? 0
  const shares = Float64Array.from([...(spare === 1 ? [0] : []), ...ranked.map(share)])
  const count = spare + ranked.length
  const classCount = count <= lineEntries ? count : Math.ceil(count / lineEntries) * lineEntries
  return { classOf, classCount, shares }
}

class Trie {
  count = 1
  readonly firstChild: Int32Array
  readonly nextSibling: Int32Array
  readonly classAt: Uint8Array
  private readonly parent: Int32Array

  constructor(capacity: number) {
    this.firstChild = new Int32Array(capacity)
    this.nextSibling = new Int32Array(capacity)
    this.classAt = new Uint8Array(capacity)
    this.parent = new Int32Array(capacity)
  }

  childOrNew(node: number, c: number): number {
    const child = this.child(node, c)
    if (child !== 0) return child
    const added = this.count++
    this.classAt[added] = c
    this.parent[added] = node
    this.nextSibling[added] = this.firstChild[node] ?? 0
    this.firstChild[node] = added
    return added
  }

  private child(node: number, c: number): number {
    let child = this.firstChild[node] ?? 0
    while (child !== 0 && this.classAt[child] !== c) child = this.nextSibling[child] ?? 0
    return child
  }

  /** Nodes in breadth-first order, each one's longest proper suffix in the trie, and its depth. */
  link(): { order: Int32Array; fail: Int32Array; depth: Int32Array } {
    const order = new Int32Array(this.count)
    const fail = new Int32Array(this.count)
    const depth = new Int32Array(this.count)
    let end = 1
    for (let at = 0; at < end; at++) {
      const node = order[at] ?? 0
      for (let child = this.firstChild[node] ?? 0; child !== 0; child = this.nextSibling[child] ?? 0) {
        order[end++] = child
        depth[child] = (depth[node] ?? 0) + 1
        if (node !== 0) fail[child] = this.suffixOf(fail[node] ?? 0, this.classAt[child] ?? 0, fail)
      }
    }
    return { order, fail, depth }
  }

  private suffixOf(from: number, c: number, fail: Int32Array): number {
    let node = from
    for (;;) {
      const child = this.child(node, c)
      if (child !== 0 || node === 0) return child
      node = fail[node] ?? 0
    }
  }
}
