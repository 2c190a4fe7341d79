// The import rules (rooms.mjs, .dependency-cruiser.mjs), and the proof that they are checked: with a wrong TypeScript
// dependency-cruiser sees no module and calls that good. So it must see enough modules, and a copy of the source with
// forbidden imports written into it must be refused.

import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import type { Check } from '../check.ts'
import { root } from './run.ts'

/** Fewer and something is not seen. Raise it as the source grows. */
const modulesMin = 150

/** File to write, what it imports, and the rule that must catch it. */
const canaries: readonly (readonly [file: string, imported: string, rule: string])[] = [
  ['src/lib/canary.ts', '../pipeline/limits.ts', 'room-lib'],
  ['src/waf/canary.ts', '../pipeline/limits.ts', 'room-waf'],
  ['src/pipeline/canary.ts', 'node:fs', 'pure-rooms-do-no-io'],
  ['src/guards/rate/canary.ts', '../lists/options.ts', 'guard-imports-no-guard'],
  ['src/upstream/canary.ts', '../guards/chain.ts', 'room-upstream'],
  ['src/config/canary.ts', '../guards/rate/options.ts', 'room-config'],
  ['src/accounts/canary.ts', '../config/load.ts', 'room-accounts'],
  ['src/lib/canary-test.ts', './ip.test.ts', 'code-imports-no-test'],
]

export const importRules: Check = {
  name: 'import rules (rooms.mjs)',
  async run() {
    const result = await cruiseTree(root)
    const { totalCruised, violations } = result.summary
    if (violations.length > 0) return { ok: false, problem: violations.map(describe).join('\n') }
    if (totalCruised < modulesMin) {
      return { ok: false, problem: `only ${totalCruised} modules seen, at least ${modulesMin} must be` }
    }
    const missed = await missedCanaries()
    if (missed.length > 0) return { ok: false, problem: `not caught: ${missed.join('; ')}` }
    return { ok: true, note: `${totalCruised} modules, ${canaries.length} canaries caught` }
  },
}

async function missedCanaries(): Promise<string[]> {
  const copy = mkdtempSync(join(tmpdir(), 'merlon-rooms-'))
  try {
    for (const part of ['src', 'demo', 'rooms.mjs', '.dependency-cruiser.mjs', 'package.json', 'tsconfig.json']) {
      cpSync(join(root, part), join(copy, part), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    for (const [file, imported] of canaries) writeFileSync(join(copy, file), `export * as canary from '${imported}'\n`)
    const { violations } = (await cruiseTree(copy)).summary
    const caught = new Set(violations.map(({ from, rule }) => `${from} ${rule.name}`))
    return canaries.filter(([file, , rule]) => !caught.has(`${file} ${rule}`)).map(([file, to]) => `${file} → ${to}`)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Cruises src/ and demo/ below a folder, with that folder's own rules. */
export async function cruiseTree(folder: string): Promise<ICruiseResult> {
  const { default: config } = await import(join(folder, '.dependency-cruiser.mjs'))
  const { forbidden, options } = config
  const before = process.cwd()
  process.chdir(folder) // dependency-cruiser resolves against the working directory
  try {
    const { output } = await cruise(['src', 'demo'], { ...options, ruleSet: { forbidden }, validate: true })
    if (typeof output === 'string') throw new Error(`unexpected answer of dependency-cruiser: ${output.slice(0, 200)}`)
    return output
  } finally {
    process.chdir(before)
  }
}

function describe({ from, to, rule, comment }: ICruiseResult['summary']['violations'][number]): string {
  return `${rule.name}: ${from} → ${to}${comment ? `. ${comment}` : ''}`
}
