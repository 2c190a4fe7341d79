// Exit 0 when what is installed in node_modules is what package-lock.json asks for: same places, same versions.
// Packages that are optional or for another platform may be absent. Runs before the dependencies are there.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = process.argv[2]
const read = path => JSON.parse(readFileSync(join(root, path), 'utf8')).packages
try {
  const wanted = read('package-lock.json')
  const present = read('node_modules/.package-lock.json')
  const differs = Object.entries(wanted).some(([place, entry]) => {
    if (place === '' || entry.link || !place.startsWith('node_modules/')) return false
    const found = present[place]
    if (!found) return !(entry.optional || entry.os || entry.cpu)
    return found.version !== entry.version
  })
  process.exit(differs ? 1 : 0)
} catch {
  process.exit(1)
}
