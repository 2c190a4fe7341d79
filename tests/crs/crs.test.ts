// All regression tests of CRS 3.3.4 with Debian's rules, in the engine and over sockets. The test files are not in this repository:
// they are read from the folder in MERLON_SHARED, or ../shared beside the repository.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startLiveGateway } from '../../src/cli/rules-live.ts'
import type { LiveOptions } from '../../src/ftw/live-target.ts'
import { reportFtw } from '../../src/ftw/report.ts'
import { runFtw } from '../../src/ftw/run.ts'
import { locateDebian } from '../../src/rulesets/locate.ts'

/** All of them. A test that can't pass goes to the skip list, with its reason. */
const wanted = {
  engine: { passed: 2394, skippedAtMost: 9 },
  live: { passed: 2385, skippedAtMost: 18 },
}

const shared = process.env['MERLON_SHARED'] ?? fileURLToPath(new URL('../../../shared', import.meta.url))
const archive = resolve(shared, 'crs', 'tests-3.3.4.tar.gz')
const skip = missing()

/** Where rules or tests are not at hand, that is said, not failed; in CI the tests ask for the rules. */
function missing(): string | false {
  const needed = [
    !locateDebian() && 'apt install modsecurity-crs',
    !existsSync(archive) && `${archive} (or MERLON_SHARED)`,
  ]
  const absent = needed.filter(each => each !== false)
  return absent.length > 0 && !(process.env['CI'] === 'true' && existsSync(archive))
    ? `not here: ${absent.join(', ')}`
    : false
}

test('the regression tests of CRS 3.3.4 pass in the engine', { skip, timeout: 300_000 }, () => runTests('engine'))

test('the regression tests of CRS 3.3.4 pass over sockets', { skip, timeout: 600_000 }, async () => {
  const gateway = await startLiveGateway(['crs'])
  try {
    await runTests('live', gateway.options)
  } finally {
    await gateway.close()
  }
})

async function runTests(where: keyof typeof wanted, live?: LiveOptions): Promise<void> {
  assert.ok(locateDebian(), 'no rules: apt install modsecurity-crs')
  assert.ok(existsSync(archive), `no tests: ${archive}`)
  const folder = mkdtempSync(join(tmpdir(), 'merlon-crs-'))
  try {
    execFileSync('tar', ['-xzf', archive, '-C', folder])
    const stateDir = join(folder, 'state') // an installed CRS of another version must not be found
    const run = runFtw({ paths: [join(folder, 'tests')], rules: { rules: ['crs'], stateDir }, ...(live && { live }) })
    assert.ok(run.ok, JSON.stringify(run))
    assert.equal(run.ruleSet, 'OWASP_CRS 3.3.4')
    let failures = ''
    const summary = await reportFtw(run.results, { total: run.total, write: text => (failures += text) })
    assert.equal(summary.failed, 0, failures)
    const { passed, skippedAtMost } = wanted[where]
    assert.ok(summary.passed >= passed && summary.skipped <= skippedAtMost, JSON.stringify(summary))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
