// Inputs that failed once, one file each: which target, and the input as JSON.

import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Seed {
  readonly target: string
  readonly input: unknown
}

const folder = join(import.meta.dirname, 'seeds')

export function readSeeds(): readonly (Seed & { readonly file: string })[] {
  return globSync('*.json', { cwd: folder })
    .sort()
    .map(file => ({ ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Seed), file }))
}

/** Returns the name of the file. */
export function writeSeed(seed: Seed): string {
  const text = `${JSON.stringify(seed)}\n`
  const file = `${seed.target}-${createHash('sha256').update(text).digest('hex').slice(0, 10)}.json`
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, file), text)
  return file
}
