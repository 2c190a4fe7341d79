// merlon keys import: takes over keys that another system gave out, by their hashes; a file as a whole or not at all.

import { readFileSync, statSync } from 'node:fs'
import type { ImportReport } from '../accounts/imported-key.ts'
import { type AccountOptions, runAccounts } from './account-run.ts'
import { readImportedLines } from './imported-lines.ts'
import { CommandFailure, print, printJson, sayProblems } from './output.ts'

export interface ImportOptions extends AccountOptions {
  readonly dryRun?: true
}

/** What a request to the gateway has room for, with the names of fields that CSV says but once. */
const fileBytesMax = 768 * 1024

export async function importKeys(file: string, { dryRun, ...options }: ImportOptions): Promise<number> {
  const { lines, problems } = readImportedLines(file, readKeyFile(file))
  if (problems.length > 0) {
    sayProblems(problems)
    throw new CommandFailure('nothing was imported', 2)
  }
  const keys = lines.map(({ input }) => input)
  const { known } = await runAccounts<ImportReport>(options, 'keys/import', { keys, dryRun: true })
  if (known.length > 0) {
    const code = 'keys.import'
    sayProblems(
      known.flatMap(({ index, keyId }) => {
        const at = lines[index]
        const message = `is known already, as ${keyId}`
        return at
          ? [{ code, severity: 'error', file, line: at.line, column: at.columnOf('sha256'), path: 'sha256', message }]
          : []
      }),
    )
    throw new CommandFailure('nothing was imported')
  }
  if (dryRun) {
    if (options.json) printJson({ imported: [], wouldImport: keys.length })
    else print(`${keys.length} keys would be imported.`)
    return 0
  }
  const { imported } = await runAccounts<ImportReport>(options, 'keys/import', { keys })
  if (options.json) printJson({ imported })
  else print(`${imported.length} keys are imported: merlon keys list shows them.`)
  return 0
}

function readKeyFile(file: string): string {
  try {
    if (statSync(file).size > fileBytesMax) throw new CommandFailure(`${file} is larger than 768 KiB: split it`, 2)
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(error instanceof Error ? error.message : String(error), 2)
  }
}
