// Words for people: a block for each failure, a line for each skipped test when asked, and at the end
// `N passed, N failed, N skipped`. Progress is for a terminal.

import { relative } from 'node:path'
import type { FtwResult } from './types.ts'

export interface FtwSummary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface ReportOptions {
  readonly write: (text: string) => void
  /** Rewrites one line; left out when stderr is no terminal. */
  readonly progress?: (text: string) => void
  readonly total: number
  /** Also says why tests were skipped. */
  readonly verbose?: boolean
}

/** Reads all results, writes as it goes, and ends with the summary line. */
export async function reportFtw(results: AsyncIterable<FtwResult>, options: ReportOptions): Promise<FtwSummary> {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  let done = 0
  let shownMs = 0
  for await (const result of results) {
    counts[result.outcome]++
    done++
    if (result.outcome === 'failed' || (options.verbose && result.outcome === 'skipped')) {
      options.progress?.('')
      options.write(formatResult(result))
    }
    if (options.progress && performance.now() - shownMs > 100) {
      shownMs = performance.now()
      options.progress(`${done}/${options.total} ${result.test.id}`)
    }
  }
  options.progress?.('')
  options.write(`${formatSummary(counts)}\n`)
  return counts
}

function formatResult({ test, outcome, detail }: FtwResult): string {
  const file = relative('.', test.file)
  const description = test.description === '' ? '' : `  ${test.description.split('\n', 1)[0]}\n`
  return `${outcome} ${test.id} ${file}\n${description}  ${detail}\n`
}

export function formatSummary({ passed, failed, skipped }: FtwSummary): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
