// Runs the tests with node:test and prints one line a file, then each failure in full, then `N passed, N failed`.
// Arguments select files whose path contains one of them; --failures-only leaves the lines of good files out. A file that
// fails is run once more, alone, when all others are done (tools/tests/second-chance.ts). --root=FOLDER runs the tests of
// another folder: the tests of this runner are such.

import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { type FileResult, runFiles } from './tests/run-files.ts'
import { giveSecondChance, hasFailed } from './tests/second-chance.ts'

const here = new URL('..', import.meta.url).pathname
const options = process.argv.slice(2).filter(argument => argument.startsWith('--'))
const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const quiet = options.includes('--failures-only')
const root = resolve(options.find(option => option.startsWith('--root='))?.slice('--root='.length) ?? here)

const files = ['src', 'demo', 'tests']
  .flatMap(folder => globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: name => name === 'node_modules' }).sort())
  .filter(file => wanted.length === 0 || wanted.some(part => file.includes(part)))

if (files.length === 0) {
  console.error(`no test file${wanted.length > 0 ? ` matches ${wanted.join(' ')}` : ''}`)
  process.exit(2)
}

const preload = process.env['CI'] === 'true' ? [resolve(here, 'tools/fixed-seed.ts')] : []
let done = 0
const first = await runFiles(files, {
  root,
  preload,
  onFile: result => {
    done++
    if (!quiet || hasFailed(result))
      printLine(`${String(done).padStart(String(files.length).length)}/${files.length}`, result)
  },
})
const { results, flaky } = await giveSecondChance(first, file =>
  runFiles([file], { root, preload, concurrency: 1, onFile: result => printLine('again, alone', result) }),
)

for (const { file, skips } of results) for (const skip of skips) console.log(`skipped ${file}: ${skip}`)
for (const result of flaky) {
  console.log(`\nflaky: ${result.file} (failed, then passed alone)`)
  printFailures('failed first', result)
}
for (const result of results) if (hasFailed(result)) printFailures('FAILED', result)

const sum = (count: (result: FileResult) => number) => results.reduce((total, result) => total + count(result), 0)
const [passed, failed, skipped] = [sum(r => r.passed), sum(r => r.failed), sum(r => r.skipped)]
const rest = [...(skipped > 0 ? [`${skipped} skipped`] : []), ...(flaky.length > 0 ? [`${flaky.length} flaky`] : [])]
console.log([`${passed} passed`, `${failed} failed`, ...rest].join(', '))
process.exitCode = failed > 0 ? 1 : 0

function printLine(count: string, result: FileResult): void {
  const { file, passed, failed, ms } = result
  const detail = `${passed} passed${failed > 0 ? `, ${failed} failed` : ''}, ${ms} ms`
  console.log(`[${count}] ${failed > 0 ? 'FAILED' : 'ok'} ${file} (${detail})`)
}

function printFailures(word: string, { file, failures, output }: FileResult): void {
  for (const { name, text } of failures) console.log(`\n${word} ${file}: ${name}\n${text.replace(/^/gm, '    ')}`)
  if (output) console.log(`    output of the file, its end:\n${output.slice(-4000).replace(/^/gm, '    | ')}`)
}
