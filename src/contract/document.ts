// A YAML or JSON document whose places can be named, for problems with line and column.

import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { Problem } from '../lib/problem.ts'

export type Path = readonly (string | number)[]

export interface SourceDocument {
  readonly data: unknown
  readonly problems: readonly Problem[]
  problem(path: Path, message: string, code?: string): Problem
}

const aliasMax = 1000

export function parseSourceDocument(file: string, text: string): SourceDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, version: '1.2' })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const say = (offset: number, message: string, code: string, path?: string): Problem => {
    return { code, severity: 'error', file, ...at(offset), ...(path !== undefined && { path }), message }
  }
  const problems = document.errors.map(error => say(error.pos[0], firstLine(error.message), 'openapi.syntax'))
  let data: unknown
  if (problems.length === 0) {
    try {
      data = document.toJS({ maxAliasCount: aliasMax })
    } catch (error) {
      problems.push(say(0, error instanceof Error ? firstLine(error.message) : String(error), 'openapi.syntax'))
    }
  }
  const offsetOf = (path: Path): number => {
    let node: Node | null = document.contents
    let offset = node?.range?.[0] ?? 0
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === String(step))
        if (!isPair(pair)) break
        offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset
        node = isNode(pair.value) ? pair.value : null
      } else if (isSeq(node) && typeof step === 'number') {
        const item: unknown = node.items[step]
        if (!isNode(item)) break
        offset = item.range?.[0] ?? offset
        node = item
      } else break
    }
    return offset
  }
  return {
    data,
    problems,
    problem: (path, message, code = 'openapi.bad') => say(offsetOf(path), message, code, path.join('.')),
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
