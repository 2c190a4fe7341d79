// merlon rules test: regression tests of a rule set, in the engine or against a running gateway.

import type { LiveOptions } from '../ftw/live-target.ts'
import { formatSummary, reportFtw } from '../ftw/report.ts'
import { runFtw } from '../ftw/run.ts'
import type { FtwResult } from '../ftw/types.ts'
import { flushed, print, sayProblems } from './output.ts'

interface TestOptions {
  readonly rules: readonly string[]
  readonly overrides?: string
  readonly only?: RegExp
  /** True without a URL. */
  readonly live?: string | true
  readonly auditLog?: string
  readonly verbose?: true
  readonly json?: true
}

export async function testRules(paths: readonly string[], options: TestOptions): Promise<number> {
  if (options.live === undefined) return runTests(paths, options, undefined)
  const { liveGatewayAt, startLiveGateway } = await import('./rules-live.ts')
  const { live, auditLog, rules } = options
  const gateway = typeof live === 'string' ? liveGatewayAt(live, auditLog) : await startLiveGateway(rules)
  try {
    return await runTests(paths, options, gateway.options)
  } finally {
    await gateway.close()
  }
}

async function runTests(
  paths: readonly string[],
  options: TestOptions,
  live: LiveOptions | undefined,
): Promise<number> {
  const { rules, overrides, only } = options
  const run = runFtw({
    paths,
    rules: { rules },
    ...(overrides !== undefined && { overrides }),
    ...(only !== undefined && { only }),
    ...(live && { live }),
  })
  if (!run.ok) {
    sayProblems(run.problems)
    return 1
  }
  if (options.json) return printResults(run.results)
  print(`${run.total} tests of ${run.ruleSet}${live ? `, over sockets to ${live.url.origin}` : ''}`)
  const { failed } = await reportFtw(run.results, {
    total: run.total,
    write: text => process.stdout.write(text),
    ...(process.stderr.isTTY && { progress: (text: string) => process.stderr.write(`\r\x1b[K${text}`) }),
    ...(options.verbose && { verbose: true }),
  })
  return failed === 0 ? 0 : 1
}

/** One line of JSON a test, then the counts on stderr. */
async function printResults(results: AsyncIterable<FtwResult>): Promise<number> {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for await (const { test, outcome, detail } of results) {
    counts[outcome]++
    print(JSON.stringify({ id: test.id, file: test.file, outcome, detail }))
    await flushed(process.stdout)
  }
  process.stderr.write(`${formatSummary(counts)}\n`)
  return counts.failed === 0 ? 0 : 1
}
