// Writes docs/generated/ from the source: npm run gen. `npm run check` fails when a file there is stale.

import { mkdirSync, writeFileSync } from 'node:fs'
import { generated } from './generate/all.ts'

const folder = new URL('../docs/generated/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, text] of await generated()) {
  writeFileSync(new URL(name, folder), text)
  console.log(`docs/generated/${name}`)
}
