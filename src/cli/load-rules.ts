// The rules that `--rules` and `--paranoia` name, compiled, or a failure with all problems. Nothing here is about
// requests: src/inspect/ and the guard have their own ways in.

import type { Problem } from '../lib/problem.ts'
import { resolveRules } from '../rulesets/resolve.ts'
import { createWaf, type Waf } from '../waf/index.ts'
import { nodePorts } from '../waf/node.ts'

export interface LoadedRules {
  /** Undefined when there are errors among the problems. */
  readonly waf: Waf | undefined
  /** Files of the rules that were asked for; others are base settings of ours. */
  readonly files: ReadonlySet<string>
  readonly problems: readonly Problem[]
}

export function loadRules(rules: readonly string[], paranoia?: number): LoadedRules {
  const resolved = resolveRules({ rules, ...(paranoia !== undefined && { paranoia }) })
  if (!resolved.ok) return { waf: undefined, files: new Set(), problems: resolved.problems }
  const files = new Set(resolved.sets.flatMap(set => set.rules))
  const created = createWaf({ rules: resolved.sources, ports: nodePorts() })
  if (!created.ok) return { waf: undefined, files, problems: created.problems }
  return { waf: created.waf, files, problems: created.warnings }
}
