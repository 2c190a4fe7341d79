// merlon rules lint: loads rules and prints what is wrong with them, warnings and the lint's own findings included.

import { formatProblem } from '../lib/problem.ts'
import { resolveRules } from '../rulesets/resolve.ts'
import { nodePorts } from '../waf/node.ts'
import { lintRules as findProblems } from '../waf/seclang/lint.ts'
import { loadRules } from './load-rules.ts'
import { print, printJson } from './output.ts'

export function lintRules(paths: readonly string[], options: { readonly json?: true }): number {
  const { waf, problems: loading } = loadRules(paths)
  const resolved = resolveRules({ rules: paths })
  const problems = resolved.ok ? findProblems({ rules: resolved.sources, ports: nodePorts() }) : loading
  if (options.json) printJson({ ok: waf !== undefined, problems })
  else {
    for (const problem of problems) print(formatProblem(problem))
    if (waf) print(`${paths.join(', ')}: ${waf.rules.filter(rule => rule.id !== 0).length} rules are good`)
  }
  return waf ? 0 : 1
}
