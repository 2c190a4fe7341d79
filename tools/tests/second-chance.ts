// The rule for tests that fail now and then: a file that failed is run once more, alone, after all others. What passes
// then counts as passed and is printed as flaky, with what it failed of; what fails again has failed. When more files
// failed than a busy machine explains, none of them is run again.

import type { FileResult } from './run-files.ts'

export const chancesMax = 3

export interface Judged {
  /** In the order of the first run, with the second result where it was good. */
  readonly results: readonly FileResult[]
  /** First results of those that passed the second time. */
  readonly flaky: readonly FileResult[]
}

export async function giveSecondChance(
  first: readonly FileResult[],
  runAlone: (file: string) => Promise<readonly FileResult[]>,
): Promise<Judged> {
  const failed = first.filter(hasFailed)
  // A failure of no file is the runner's own: there is nothing to run again.
  if (failed.length > chancesMax || failed.some(({ file }) => file === '')) return { results: first, flaky: [] }
  const better = new Map<string, FileResult>()
  for (const { file } of failed) {
    const again = await runAlone(file)
    const [result] = again
    if (again.length === 1 && result && result.file === file && !hasFailed(result)) better.set(file, result)
  }
  return {
    results: first.map(result => better.get(result.file) ?? result),
    flaky: failed.filter(({ file }) => better.has(file)),
  }
}

export function hasFailed({ failed }: FileResult): boolean {
  return failed > 0
}
