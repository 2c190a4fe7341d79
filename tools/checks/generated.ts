// docs/generated/ is what the source gives now.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Check } from '../check.ts'
import { generated } from '../generate/all.ts'
import { root } from './run.ts'

export const generatedFilesAreFresh: Check = {
  name: 'generated files are fresh (npm run gen)',
  async run() {
    const folder = `${root}docs/generated/`
    const files = await generated()
    const stale = [...files].filter(
      ([name, text]) => !existsSync(folder + name) || readFileSync(folder + name, 'utf8') !== text,
    )
    const strange = existsSync(folder) ? readdirSync(folder).filter(name => !files.has(name)) : []
    if (stale.length + strange.length === 0) return { ok: true, note: `${files.size} files` }
    const lines = [...stale.map(([name]) => `${name} is stale`), ...strange.map(name => `${name} is made by nothing`)]
    return { ok: false, problem: lines.join('\n') }
  },
}
