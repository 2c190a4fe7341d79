// merlon.yaml as a document that still knows where everything stands, so that a problem found in the plain data can
// point at the line and column that caused it.

import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import type { Problem } from '../lib/problem.ts'

export type Path = readonly PropertyKey[]

export interface ConfigSource {
  readonly file: string
  /** Undefined when the text is not YAML. */
  readonly data: unknown
  readonly problems: readonly Problem[]
  /** Where the key (or the list item) stands; the nearest parent that is there when it is missing. */
  locate(path: Path): Position
  /** Where the value stands. */
  locateValue(path: Path): Position
  has(path: Path): boolean
}

export interface Position {
  readonly line: number
  readonly column: number
}

/** Larger files are no gateway config; and it bounds what a reload can cost. */
export const configBytesMax = 4 * 1024 * 1024

export function parseSource(file: string, text: string): ConfigSource {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, version: '1.2' })
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems: Problem[] = document.errors.map(error => ({
    code: error.code === 'DUPLICATE_KEY' ? 'config.duplicate-key' : 'config.syntax',
    severity: 'error',
    file,
    ...at(error.pos[0]),
    message: error.code === 'DUPLICATE_KEY' ? 'this key stands twice in the same place' : firstLine(error.message),
  }))

  let data: unknown
  // With a duplicate key the rest can still be checked, and all problems come at once.
  if (problems.every(problem => problem.code === 'config.duplicate-key')) {
    try {
      data = document.toJS({ maxAliasCount: 100 })
    } catch (error) {
      const message = error instanceof Error ? firstLine(error.message) : String(error)
      problems.push({ code: 'config.syntax', severity: 'error', file, ...at(0), message })
    }
  }

  const walk = (path: Path): { pair: Pair | undefined; node: Node | undefined; depth: number } => {
    let node: Node | undefined = document.contents ?? undefined
    let pair: Pair | undefined
    let depth = 0
    for (const step of path) {
      const container: unknown = isAlias(node) ? node.resolve(document) : node
      if (isMap(container)) {
        const found = container.items.find(item => isScalar(item.key) && String(item.key.value) === String(step))
        if (!found) break
        pair = found
        node = isNode(found.value) ? found.value : undefined
      } else if (isSeq(container) && typeof step === 'number') {
        const item = container.items[step]
        if (!isNode(item)) break
        pair = undefined
        node = item
      } else break
      depth++
    }
    return { pair, node, depth }
  }
  const offsetOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined)

  return {
    file,
    data,
    problems,
    locate(path) {
      const { pair, node } = walk(path)
      return at(offsetOf(isPair(pair) ? pair.key : node) ?? 0)
    },
    locateValue(path) {
      const { pair, node } = walk(path)
      return at(offsetOf(node) ?? offsetOf(pair?.key) ?? 0)
    },
    has: path => walk(path).depth === path.length,
  }
}

function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end < 0 ? text : text.slice(0, end)
}
