// Reads merlon.yaml. The answer is a config that is right, or all that is wrong with it, each with its place; never an
// exception for what an operator wrote, and never a config with a doubtful part left out.

import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { chain } from '../guards/chain.ts'
import type { Problem } from '../lib/problem.ts'
import type { GuardDefinition } from '../pipeline/guard.ts'
import type { Config } from './config.ts'
import { describeIssue, keysOf } from './problems.ts'
import { checkReferences } from './references.ts'
import { resolveConfig } from './resolve.ts'
import { createConfigSchema } from './schema.ts'
import { configBytesMax, parseSource } from './source.ts'

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Loads a config file. `shownAs` is how problems name it; the path itself unless given. */
export function loadConfig(path: string, shownAs = path, guards: readonly GuardDefinition[] = chain): LoadResult {
  const file = resolve(path)
  let text: string
  try {
    const { size } = statSync(file)
    if (size > configBytesMax) return failed(shownAs, `is larger than ${configBytesMax} bytes`)
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return failed(shownAs, readFailure(error))
  }
  return parseConfig(text, { file: shownAs, dir: dirname(file) }, guards)
}

export function parseConfig(
  text: string,
  origin: { readonly file: string; readonly dir: string },
  guards: readonly GuardDefinition[] = chain,
): LoadResult {
  const source = parseSource(origin.file, text)
  if (source.data === undefined || source.data === null) {
    if (source.problems.length > 0) return { ok: false, problems: source.problems }
    return failed(origin.file, 'is empty: `merlon init` writes one to start from', 'config.empty')
  }
  const problems: Problem[] = [...source.problems]
  const schema = createConfigSchema(guards)
  const parsed = schema.safeParse(source.data, { reportInput: true })
  const known = keysOf(schema)
  for (const issue of parsed.error?.issues ?? []) problems.push(...describeIssue(issue, source, path => path, known))
  problems.push(...checkReferences(source))
  const resolved = resolveConfig(parsed.data, source, origin, guards)
  problems.push(...resolved.problems)

  const errors = problems.filter(problem => problem.severity === 'error')
  if (errors.length > 0 || !resolved.config) return { ok: false, problems: sorted(problems) }
  return { ok: true, config: resolved.config, warnings: sorted(problems) }
}

function sorted(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
}

function failed(file: string, message: string, code = 'config.unreadable'): LoadResult {
  return { ok: false, problems: [{ code, severity: 'error', file, line: 0, column: 0, message }] }
}

function readFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'does not exist: `merlon init` writes one to start from'
  if (code === 'EACCES') return 'may not be read by this user'
  if (code === 'EISDIR') return 'is a folder'
  return `can't be read: ${error instanceof Error ? error.message : String(error)}`
}
