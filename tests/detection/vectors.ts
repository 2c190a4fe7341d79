// Vectors of testdata/, one JSON object a line: a class and a value. Written for this project.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Vector {
  readonly class: string
  readonly value: string
}

export function vectorsOf(name: 'attacks' | 'honest'): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(import.meta.dirname, 'testdata', `${name}.ndjson`), 'utf8')
  const byClass = new Map<string, string[]>()
  for (const line of text.split('\n').filter(line => line !== '')) {
    const vector = JSON.parse(line) as Vector
    byClass.set(vector.class, [...(byClass.get(vector.class) ?? []), vector.value])
  }
  return byClass
}
