// What an exclusion would cost: the attacks of a corpus that its rules alone stop. Each stands for the same attack in the
// excluded field, where those rules would no longer look.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createInspector, type Inspector, type InspectorOptions } from '../inspect/inspector.ts'
import { parseRow } from '../inspect/row.ts'
import { CommandFailure, sayProblems } from './output.ts'

export interface ExclusionCost {
  readonly attacks: number
  /** Stopped by the rules as they are. */
  readonly stopped: number
  /** Of these, let in when the excluded rules don't look. */
  readonly letIn: number
  readonly byCategory: Readonly<Record<string, number>>
  /** Ids of some of them. */
  readonly examples: readonly string[]
}

const shownExamples = 5

export function exclusionCost(
  options: InspectorOptions,
  rules: readonly number[],
  files: readonly string[],
): ExclusionCost {
  const before = load(options)
  const text = rules.map(
    (rule, i) => `SecAction "id:${77_003_000 + i},phase:1,pass,nolog,ctl:ruleRemoveById=${rule}"\n`,
  )
  const settings = [...(options.settings ?? []), { name: 'excluded rules', text: text.join('') }]
  const after = load({ ...options, settings })
  let attacks = 0
  let stopped = 0
  const byCategory: Record<string, number> = {}
  const ids: string[] = []
  for (const file of files) {
    for (const line of readText(file).split('\n')) {
      const row = line === '' ? undefined : parseRow(line)
      if (!row || 'error' in row || row.label !== 'attack') continue
      attacks++
      if (before.inspect(row).action !== 'block') continue
      stopped++
      if (after.inspect(row).action === 'block') continue
      byCategory[row.category] = (byCategory[row.category] ?? 0) + 1
      ids.push(row.id)
    }
  }
  return { attacks, stopped, letIn: ids.length, byCategory, examples: ids.slice(0, shownExamples) }
}

export function costText({ attacks, stopped, letIn, byCategory, examples }: ExclusionCost): string {
  if (attacks === 0) return 'The corpus has no row labelled attack.'
  const share = stopped === 0 ? 0 : (letIn / stopped) * 100
  const classes = Object.entries(byCategory).map(([name, count]) => `${name} ${count}`)
  const lines = [
    `Of ${stopped} attacks that are stopped (of ${attacks}), ${letIn} (${share.toFixed(1)} %) would pass in the excluded field.`,
  ]
  if (letIn > 0) lines.push(`By class: ${classes.join(', ')}. For example ${examples.join(', ')}.`)
  return lines.join('\n')
}

function load(options: InspectorOptions): Inspector {
  const created = createInspector(options)
  if (created.ok) return created.inspector
  sayProblems(created.problems)
  throw new CommandFailure('the rules can’t be loaded')
}

function readText(file: string): string {
  try {
    const raw = readFileSync(file)
    return (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString('utf8')
  } catch (error) {
    throw new CommandFailure(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
