// Runs test files with node:test, each in a process of its own, and says for each file what became of it.

import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import type { EventData } from 'node:test'
import { run } from 'node:test'

export interface Failure {
  readonly name: string
  readonly text: string
}

export interface FileResult {
  /** From the root. */
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly ms: number
  readonly failures: readonly Failure[]
  readonly skips: readonly string[]
  /** The end of what it printed. */
  readonly output: string
}

export interface RunOptions {
  readonly root: string
  /** Modules loaded before each file. */
  readonly preload?: readonly string[]
  readonly concurrency?: number
  readonly onFile?: (result: FileResult) => void
}

interface Collected {
  readonly failures: Failure[]
  readonly skips: string[]
  output: string
  summary: EventData.TestSummary | undefined
}

const fileTimeoutMs = 300_000
const outputCharacters = 16_000

/** Results in the order of the files. A file of which nothing was heard has failed. */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<readonly FileResult[]> {
  const { root, preload = [], concurrency = Math.max(1, availableParallelism()), onFile } = options
  const collected = new Map<string, Collected>()
  const of = (file: string | undefined): Collected => {
    const key = file === undefined ? '' : relative(root, file)
    let known = collected.get(key)
    if (known === undefined) {
      known = { failures: [], skips: [], output: '', summary: undefined }
      collected.set(key, known)
    }
    return known
  }

  const stream = run({
    files: files.map(file => join(root, file)),
    concurrency,
    timeout: fileTimeoutMs,
    cwd: root,
    execArgv: preload.flatMap(module => ['--import', module]),
  })
  stream.on('test:fail', event => {
    // A parent that fails for its children's sake says nothing new.
    const error = event.details.error
    if (!('failureType' in error && error.failureType === 'subtestsFailed')) {
      of(event.file).failures.push(describe(event))
    }
  })
  stream.on('test:pass', event => {
    if (event.skip === undefined || event.skip === false) return
    of(event.file).skips.push(`${event.name}${typeof event.skip === 'string' ? ` (${event.skip})` : ''}`)
  })
  const keep = ({ file, message }: { file?: string | undefined; message: string }) => {
    const known = of(file)
    known.output = (known.output + message).slice(-outputCharacters)
  }
  stream.on('test:stdout', keep)
  stream.on('test:stderr', keep)
  stream.on('test:summary', summary => {
    if (summary.file === undefined) return
    const known = of(summary.file)
    known.summary = summary
    onFile?.(resultOf(relative(root, summary.file), known))
  })
  stream.on('error', error => of(undefined).failures.push({ name: 'the test runner', text: String(error) }))
  stream.resume()
  await new Promise(resolve => stream.on('close', resolve))

  const results = files.map(file => resultOf(file, collected.get(file)))
  // One whose process died has no summary.
  for (const result of results) if (collected.get(result.file)?.summary === undefined) onFile?.(result)
  // What belongs to no file is a failure of the run itself, and of no file that could be given another chance.
  const rest = collected.get('')
  return rest && rest.failures.length > 0 ? [...results, resultOf('', rest)] : results
}

function resultOf(file: string, collected: Collected | undefined): FileResult {
  const { failures = [], skips = [], output = '', summary } = collected ?? {}
  const counts = summary?.counts
  const skipped = counts ? counts.skipped + counts.todo : 0
  const counted = counts ? counts.tests - counts.passed - skipped : 1
  const failed = Math.max(counted, failures.length)
  const missing = summary === undefined && failures.length === 0
  return {
    file,
    passed: counts?.passed ?? 0,
    failed,
    skipped,
    ms: Math.round(summary?.duration_ms ?? 0),
    failures: missing ? [{ name: file, text: 'it ended without a result' }] : failures,
    skips,
    output,
  }
}

function describe(event: EventData.TestFail): Failure {
  const error = event.details.error
  const cause: unknown = error.cause ?? error
  const text = (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)).replace(
    /\n +at .*node:internal.*/g,
    '',
  )
  return { name: event.line === undefined ? event.name : `${event.name} (line ${event.line})`, text }
}
