// merlon reload: makes the running gateway read its config again. All of it is taken, or nothing.

import type { Command } from 'commander'
import type { ReloadResult } from '../admin/runtime.ts'
import { formatProblem } from '../lib/problem.ts'
import { action } from './action.ts'
import { ask } from './gateway-client.ts'
import { examples, print, printJson } from './output.ts'
import { type StateOptions, stateOptions } from './state.ts'

export function define(command: Command): void {
  stateOptions(command).option('--json', 'print {"ok"} or {"ok","problems"} as JSON').action(action(reload))
  examples(command, [['merlon reload', 'exit 1, with all problems, when the new config is bad: the old one stays']])
}

async function reload(options: StateOptions & { readonly json?: true }): Promise<number> {
  const { body } = await ask(options, 'POST', '/api/v1/reload')
  const result = body as ReloadResult
  if (options.json) printJson(result)
  else if (result.ok) print('reloaded')
  else for (const problem of result.problems) print(formatProblem(problem))
  return result.ok ? 0 : 1
}
