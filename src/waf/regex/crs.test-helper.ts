// For tests and benchmarks alone: the patterns of an installed Core Rule Set, and values from the shared corpora.
// Both are read where they lie and never copied; whoever uses them skips when they are absent.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { utf8ToBytes } from '../../lib/bytes.ts'

interface CrsPattern {
  readonly id: string
  readonly paranoia: number
  readonly phase: number
  readonly negated: boolean
  readonly variables: string
  readonly pattern: string
}

/** Debian's package, and more folders of rules in MERLON_CRS, separated by colons. */
const folders = ['/usr/share/modsecurity-crs/rules', ...(process.env['MERLON_CRS'] ?? '').split(':')]

/** Every distinct pattern of the rules found, in file order. */
export function crsPatterns(): CrsPattern[] {
  const found = new Map<string, CrsPattern>()
  for (const folder of folders.filter(path => path !== '' && existsSync(path))) {
    for (const file of readdirSync(folder).filter(name => name.endsWith('.conf'))) {
      for (const pattern of patternsOf(readFileSync(join(folder, file), 'latin1'))) {
        if (!found.has(pattern.pattern)) found.set(pattern.pattern, pattern)
      }
    }
  }
  return [...found.values()]
}

/** Enough of SecLang for rules as the CRS writes them. */
function patternsOf(text: string): CrsPattern[] {
  const patterns: CrsPattern[] = []
  let starter = { id: '', paranoia: 0, phase: 0 }
  for (const line of text.replace(/\\\r?\n/g, ' ').split('\n')) {
    const words = [...line.matchAll(/"((?:[^"\\]|\\[\s\S])*)"|(\S+)/g)].map(match => match[1] ?? match[2] ?? '')
    if (words[0] !== 'SecRule') continue
    const actions = words[3] ?? ''
    const id = /\bid:(\d+)/.exec(actions)?.[1]
    if (id !== undefined) {
      const paranoia = Number(/paranoia-level\/(\d)/.exec(actions)?.[1] ?? 0)
      starter = { id, paranoia, phase: Number(/phase:(\d)/.exec(actions)?.[1] ?? 2) }
    }
    const operator = /^(!?)(?:@rx\s+|(?![!@]))([\s\S]*)$/.exec((words[2] ?? '').replaceAll('\\"', '"'))
    if (operator === null) continue
    const [, negation, pattern = ''] = operator
    patterns.push({ ...starter, negated: negation === '!', variables: words[1] ?? '', pattern })
  }
  return patterns
}

/** Paths, arguments, header values and bodies of every `step`-th request of the corpora, as byte strings. */
export function corpusValues(step: number, maxBytes: number): string[] {
  const folder = join(process.env['MERLON_SHARED'] ?? join(import.meta.dirname, '../../../../shared'), 'corpora')
  if (!existsSync(folder)) return []
  const values = new Set<string>()
  const add = (text: string) => values.add(utf8ToBytes(text).slice(0, maxBytes))
  for (const file of readdirSync(folder).filter(name => name.endsWith('.ndjson.gz'))) {
    const lines = gunzipSync(readFileSync(join(folder, file)))
      .toString('utf8')
      .split('\n')
    for (let i = 0; i < lines.length; i += step) {
      const line = lines[i] ?? ''
      if (line === '') continue
      const { path, headers, body } = JSON.parse(line) as {
        path: string
        headers: Record<string, string>
        body?: string
      }
      add(path)
      for (const part of path.split(/[?&=]/)) add(decoded(part))
      for (const value of Object.values(headers)) add(value)
      if (body === undefined) continue
      add(body)
      for (const part of body.split(/[&=]/).slice(0, 8)) add(decoded(part))
    }
  }
  return [...values]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
