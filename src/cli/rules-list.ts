// merlon rules list: every rule of a set, with where it stands. Rules above the paranoia level are left out.

import type { RuleInfo } from '../waf/types.ts'
import { loadRules } from './load-rules.ts'
import { print, sayProblems } from './output.ts'
import type { RulesOptions } from './rules.ts'

export function listRules(options: RulesOptions & { readonly json?: true }): number {
  const { waf, files, problems } = loadRules(options.rules, options.paranoia)
  if (!waf) {
    sayProblems(problems)
    return 1
  }
  const level = options.paranoia ?? 4
  for (const rule of waf.rules) {
    // Rules without an id continue a chain.
    if (rule.id === 0 || rule.paranoia > level || !files.has(rule.file)) continue
    print(options.json ? JSON.stringify(fields(rule)) : describe(rule))
  }
  return 0
}

function fields({ id, phase, severity, paranoia, message, tags, file, line }: RuleInfo): object {
  return { id, phase, severity: severity ?? null, paranoia, message, tags, file, line }
}

function describe({ id, phase, severity, paranoia, message, file, line }: RuleInfo): string {
  const columns = [String(id).padEnd(7), `phase ${phase}`, (severity ?? '-').padEnd(9), `PL${paranoia}`]
  return `${columns.join('  ')}  ${message === '' ? '(no message)' : message}  ${file}:${line}`
}
