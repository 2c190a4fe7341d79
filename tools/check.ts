// All checks but the tests: format and lint, types, import rules, dead exports, generated files, package map, and rules
// of the house that no linter knows. One line a check; the last line is `N passed, N failed`.

import { formatAndLint } from './checks/biome.ts'
import { generatedFilesAreFresh } from './checks/generated.ts'
import { importRules } from './checks/imports.ts'
import { deadExports } from './checks/knip.ts'
import { packageMap } from './checks/package-map.ts'
import { fileLengths, noAnyRegExpOnRequestData } from './checks/source.ts'
import { types } from './checks/types.ts'

export interface Check {
  readonly name: string
  /** What is wrong, or undefined. `note` is printed behind a good result. */
  run(): Promise<CheckResult>
}

export type CheckResult =
  | { readonly ok: true; readonly note?: string }
  | { readonly ok: false; readonly problem: string }

const checks: readonly Check[] = [
  formatAndLint,
  types,
  importRules,
  deadExports,
  generatedFilesAreFresh,
  packageMap,
  noAnyRegExpOnRequestData,
  fileLengths,
]

const wanted = process.argv.slice(2)
const chosen = checks.filter(check => wanted.length === 0 || wanted.some(word => check.name.includes(word)))
let failed = 0
for (const check of chosen) {
  const start = performance.now()
  const result = await check.run().catch((error: unknown): CheckResult => {
    return { ok: false, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if (result.ok) console.log(`ok      ${check.name} (${seconds} s)${result.note ? `: ${result.note}` : ''}`)
  else {
    failed++
    console.log(`failed  ${check.name} (${seconds} s)\n${result.problem.trimEnd().replace(/^/gm, '        ')}`)
  }
}
console.log(`${chosen.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
