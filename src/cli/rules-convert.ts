// merlon rules convert: writes merlon.yaml and rule files made of a set-up of ModSecurity, nginx or Apache, and prints
// what of it has no equal. Nothing that is there is written over.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { type Converted, convertSetup } from '../convert/convert.ts'
import { formatProblem, type Problem } from '../lib/problem.ts'
import { nodeFilePort } from '../waf/node.ts'
import { CommandFailure, print, printJson, say } from './output.ts'

interface ConvertCommandOptions {
  readonly out: string
  readonly upstream: string
  readonly json?: true
}

export function convertRules(path: string, { out, upstream, json }: ConvertCommandOptions): number {
  const converted = convertSetup(resolve(path), nodeFilePort(), { upstream })
  if (typeof converted === 'string') throw new CommandFailure(converted)
  const written = write(converted, out)
  const problems = checkWritten(join(out, 'merlon.yaml'))
  const { kind, notes } = converted
  if (json) printJson({ kind, files: written, notes, problems })
  else {
    for (const note of notes) print(formatProblem(note))
    for (const problem of problems) print(formatProblem(problem))
    say(`read ${kind}, wrote ${written.join(', ')}; ${notes.length} things have no equal`)
    say(`next: merlon check -c ${written[0]}`)
  }
  return problems.length > 0 ? 1 : 0
}

function write({ files }: Converted, out: string): string[] {
  const paths = files.map(({ name, bytes }) => ({ path: join(out, name), bytes }))
  const taken = paths.find(({ path }) => existsSync(path))
  if (taken) throw new CommandFailure(`${taken.path} is there already, and is left as it is: choose another --out`)
  try {
    mkdirSync(out, { recursive: true })
    for (const { path, bytes } of paths) writeFileSync(path, bytes, { flag: 'wx', mode: 0o644 })
  } catch (error) {
    throw new CommandFailure(`can't write to ${out}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return paths.map(({ path }) => relative('.', path))
}

/** What `merlon check` would say of the file alone: a mistake of the conversion must not stay hidden. */
function checkWritten(file: string): readonly Problem[] {
  const loaded = loadConfig(file)
  return loaded.ok ? [] : loaded.problems
}
