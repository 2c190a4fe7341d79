// The grammar of Apache's configuration: a directive a line, backslashes join lines, <Sections> hold others. What the
// directives mean is apache.ts's business.

import type { Place, Report } from './setup.ts'

export interface ApacheNode {
  /** Without the < of a section. */
  readonly name: string
  readonly words: readonly string[]
  /** The lines as they stand, for directives that are SecLang. */
  readonly text: string
  /** Of a section. */
  readonly children: readonly ApacheNode[] | undefined
  readonly place: Place
}

const maxDepth = 32

export function parseApache(file: string, text: string, report: Report): ApacheNode[] {
  const lines = logicalLines(file, text)
  let at = 0
  const section = (closing: string | undefined, opened: Place, depth: number): ApacheNode[] => {
    const nodes: ApacheNode[] = []
    while (at < lines.length) {
      const line = lines[at++]
      if (!line) break
      const { place, joined, raw } = line
      const close = /^<\/\s*([^\s>]+)\s*>/.exec(joined)
      if (close) {
        if (closing !== undefined && close[1]?.toLowerCase() === closing) return nodes
        report.add(place, `${joined} closes nothing`)
        continue
      }
      const open = /^<\s*([^\s>]+)\s*(.*?)>\s*$/.exec(joined)
      if (!open) {
        const [name = '', ...words] = splitWords(joined)
        nodes.push({ name, words, text: raw, children: undefined, place })
        continue
      }
      const name = open[1] ?? ''
      if (depth >= maxDepth) {
        report.add(place, 'nested too deep, nothing behind it is read')
        at = lines.length
        break
      }
      const children = section(name.toLowerCase(), place, depth + 1)
      nodes.push({ name, words: splitWords(open[2] ?? ''), text: raw, children, place })
    }
    if (closing !== undefined) report.add(opened, `<${closing}> is never closed`)
    return nodes
  }
  return section(undefined, { file, line: 1 }, 0)
}

interface LogicalLine {
  readonly place: Place
  /** Backslashes at the ends of lines taken out. */
  readonly joined: string
  readonly raw: string
}

function logicalLines(file: string, text: string): LogicalLine[] {
  const lines: LogicalLine[] = []
  const physical = text.split(/\r?\n/)
  for (let i = 0; i < physical.length; i++) {
    const line = i + 1
    let raw = physical[i] ?? ''
    let joined = raw
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(joined) && i + 1 < physical.length) {
      i++
      raw += `\n${physical[i]}`
      joined = joined.slice(0, -1) + (physical[i] ?? '')
    }
    joined = joined.trim()
    if (joined !== '' && !joined.startsWith('#')) lines.push({ place: { file, line }, joined, raw })
  }
  return lines
}

function splitWords(text: string): string[] {
  const words: string[] = []
  for (const [word, quote, quoted] of text.matchAll(/(["'])((?:\\.|(?!\1)[^\\])*)\1?|\S+/g)) {
    words.push(quote === undefined ? word : (quoted ?? '').replace(/\\(["'\\])/g, '$1'))
  }
  return words
}
