// Runs the tests with node:test and prints one line a file, then each failure in full, then `N passed, N failed`.
// Arguments select files whose path contains one of them; --failures-only leaves the lines of good files out.

import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import type { EventData } from 'node:test'
import { run } from 'node:test'

interface Failure {
  readonly file: string
  readonly name: string
  readonly text: string
}

const root = new URL('..', import.meta.url).pathname
const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const quiet = process.argv.includes('--failures-only')

const files = ['src', 'demo', 'tests']
  .flatMap(folder => globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: name => name === 'node_modules' }).sort())
  .filter(file => wanted.length === 0 || wanted.some(part => file.includes(part)))

if (files.length === 0) {
  console.error(`no test file${wanted.length > 0 ? ` matches ${wanted.join(' ')}` : ''}`)
  process.exit(2)
}

const failures: Failure[] = []
const skips: string[] = []
/** Output of a test file is shown only when it fails; bounded, the end counts. */
const output = new Map<string, string>()
let done = 0
let totals = { passed: 0, failed: 0, skipped: 0 }

const stream = run({
  files: files.map(file => `${root}${file}`),
  concurrency: Math.max(1, availableParallelism()),
  timeout: 300_000,
  cwd: root,
  execArgv: process.env['CI'] === 'true' ? ['--import', `${root}tools/fixed-seed.ts`] : [],
})
stream.on('test:fail', event => {
  // A parent that fails for its children's sake says nothing new.
  const error = event.details.error
  if (!('failureType' in error && error.failureType === 'subtestsFailed')) failures.push(describeFailure(event))
})
stream.on('test:pass', event => {
  if (event.skip !== undefined && event.skip !== false) {
    skips.push(`${place(event.file)}: ${event.name}${typeof event.skip === 'string' ? ` (${event.skip})` : ''}`)
  }
})
stream.on('test:stdout', event => keepOutput(event.file, event.message))
stream.on('test:stderr', event => keepOutput(event.file, event.message))
stream.on('test:summary', ({ counts, duration_ms: ms, file }) => {
  const failed = counts.tests - counts.passed - counts.skipped - counts.todo
  if (file === undefined) {
    totals = { passed: counts.passed, failed, skipped: counts.skipped + counts.todo }
    return
  }
  done++
  if (quiet && failed === 0) return
  const mark = failed > 0 ? 'FAILED' : 'ok'
  const detail = `${counts.passed} passed${failed > 0 ? `, ${failed} failed` : ''}, ${Math.round(ms)} ms`
  console.log(
    `[${String(done).padStart(String(files.length).length)}/${files.length}] ${mark} ${place(file)} (${detail})`,
  )
})
stream.on('error', error => {
  failures.push({ file: '', name: 'the test runner', text: String(error) })
})
stream.resume()
await new Promise(resolve => stream.on('close', resolve))

for (const skip of skips) console.log(`skipped ${skip}`)
for (const { file, name, text } of failures) {
  console.log(`\nFAILED ${file}: ${name}\n${text.replace(/^/gm, '    ')}`)
  const said = output.get(file)
  if (said) console.log(`    output of the file, its end:\n${said.slice(-4000).replace(/^/gm, '    | ')}`)
  output.delete(file)
}
const failed = Math.max(totals.failed, failures.length)
console.log(`${totals.passed} passed, ${failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`)
process.exitCode = failed > 0 ? 1 : 0

function describeFailure(event: EventData.TestFail): Failure {
  const error = event.details.error
  const cause: unknown = error.cause ?? error
  const text = (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)).replace(
    /\n +at .*node:internal.*/g,
    '',
  )
  const line = event.line === undefined ? '' : `:${event.line}`
  return { file: place(event.file), name: `${event.name}${line && ` (line ${line.slice(1)})`}`, text }
}

function keepOutput(file: string | undefined, text: string): void {
  const key = place(file)
  output.set(key, ((output.get(key) ?? '') + text).slice(-16_000))
}

function place(file: string | undefined): string {
  return file === undefined ? '' : relative(root, file)
}
