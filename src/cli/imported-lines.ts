// Reads a file of keys that another system gave out: an object of JSON in each line, or CSV with a header. Reports all
// that is wrong in it, each with its line and column.

import { importedKey, importedKeysMax } from '../accounts/imported-key.ts'
import type { Problem } from '../lib/problem.ts'
import { parseStrictObject } from '../lib/strict-json.ts'

/** Longer lines are of no key. */
const lineLengthMax = 8192
/** An object, with lists in it. */
const depthMax = 2
const listFields: ReadonlySet<string> = new Set(['scopes', 'ranges'])

interface ImportedLine {
  readonly line: number
  /** As it goes to the gateway. */
  readonly input: Readonly<Record<string, unknown>>
  /** Where a field stands; 1 for one that is not there. */
  readonly columnOf: (field: string) => number
}

interface Cell {
  readonly text: string
  readonly column: number
}

export interface ImportedLines {
  readonly lines: readonly ImportedLine[]
  readonly problems: readonly Problem[]
}

export function readImportedLines(file: string, text: string): ImportedLines {
  const problems: Problem[] = []
  const problem = (line: number, column: number, message: string, path = '') =>
    problems.push({ code: 'keys.import', severity: 'error', file, line, column, path, message })
  const given = text.replace(/^\uFEFF/, '').split('\n', importedKeysMax * 2 + 3)
  const isCsv = !(given.find(line => line.trim() !== '') ?? '').trimStart().startsWith('{')
  const lines: ImportedLine[] = []
  const firstOf = new Map<string, number>()
  let header: readonly string[] | undefined
  for (const [index, raw] of given.entries()) {
    const number = index + 1
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line.trim() === '') continue
    if (lines.length === importedKeysMax) {
      problem(number, 1, `more than ${importedKeysMax} keys: split the file`)
      break
    }
    if (line.length > lineLengthMax) {
      problem(number, lineLengthMax + 1, 'the line is too long')
      continue
    }
    let read: ImportedLine | undefined
    if (isCsv) {
      const cells = cellsOf(line)
      if (typeof cells === 'number') problem(number, cells, 'a quote is not closed, or text follows it')
      else if (!header) header = cells.map(({ text }) => text.trim())
      else if (cells.length !== header.length)
        problem(number, 1, `has ${cells.length} cells where the header has ${header.length}`)
      else read = fromCells(number, header, cells)
    } else {
      const input = parseStrictObject(line, depthMax)
      if (input) read = { line: number, input, columnOf: columnsOf(line) }
      else problem(number, 1, 'is no object of JSON, or says a key twice')
    }
    if (!read) continue
    lines.push(read)
    const parsed = importedKey.safeParse(read.input)
    for (const issue of parsed.error?.issues ?? []) {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
      const field = unknown ?? String(issue.path[0] ?? '')
      problem(number, read.columnOf(field), issue.message, issue.path.join('.'))
    }
    if (!parsed.success) continue
    const { sha256 } = parsed.data
    const first = firstOf.get(sha256)
    if (first === undefined) firstOf.set(sha256, number)
    else problem(number, read.columnOf('sha256'), `is the key of line ${first} again`, 'sha256')
  }
  if (lines.length === 0 && problems.length === 0) problem(1, 1, 'there are no keys in it')
  return { lines, problems }
}

function fromCells(line: number, header: readonly string[], cells: readonly Cell[]): ImportedLine {
  const entries = header.flatMap((name, i): [string, unknown][] => {
    const text = cells[i]?.text.trim() ?? ''
    if (text === '') return []
    return [[name, listFields.has(name) ? text.split(/[ \t]+/) : text]]
  })
  return { line, input: Object.fromEntries(entries), columnOf: field => cells[header.indexOf(field)]?.column ?? 1 }
}

/** The cells of one line (RFC 4180, but that no cell goes over lines), or the column of what is wrong. */
function cellsOf(line: string): readonly Cell[] | number {
  const cells: Cell[] = []
  for (let start = 0; start <= line.length; ) {
    if (line[start] !== '"') {
      const comma = line.indexOf(',', start)
      const end = comma < 0 ? line.length : comma
      cells.push({ text: line.slice(start, end), column: start + 1 })
      start = end + 1
      continue
    }
    let end = line.indexOf('"', start + 1)
    while (end >= 0 && line[end + 1] === '"') end = line.indexOf('"', end + 2)
    if (end < 0) return start + 1
    if (end + 1 < line.length && line[end + 1] !== ',') return end + 2
    cells.push({ text: line.slice(start + 1, end).replaceAll('""', '"'), column: start + 1 })
    start = end + 2
  }
  return cells
}

/** Where each key of an object stands, in JSON that has been parsed. */
function columnsOf(line: string): (field: string) => number {
  const columns = new Map<string, number>()
  let depth = 0
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') depth--
    else if (c === '"') {
      const start = i
      for (i++; line[i] !== '"'; i++) if (line[i] === '\\') i++
      const isKey =
        depth === 1 &&
        line
          .slice(i + 1)
          .trimStart()
          .startsWith(':')
      if (isKey) columns.set(String(JSON.parse(line.slice(start, i + 1))), start + 1)
    }
  }
  return field => columns.get(field) ?? 1
}
