// The table of slow and hostile clients is true: each row names limits that exist, a metric that exists, the code of an
// event that the source can make, and a test that is there and sets or meets one of the limits.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { metricDefinitions } from '../../src/events/metrics.ts'
import { gatewayErrors } from '../../src/lib/errors.ts'
import { limitDefinitions } from '../../src/pipeline/limits.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const source = globSync('src/**/*.ts', { cwd: root }).map(read).join('\n')

const rows = read('docs/hostile-clients.md')
  .split('\n')
  .filter(line => /^\| (?!what|---)/.test(line))
  .map(line => line.split('|').map(cell => cell.trim()))

const named = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

describe('docs/hostile-clients.md', () => {
  test('has rows', () => assert.ok(rows.length >= 25, String(rows.length)))
  for (const [, what = '', limits, metrics, events, tests] of rows) {
    test(what, () => {
      const ofLimits = named(limits)
      assert.ok(ofLimits.length > 0)
      for (const limit of ofLimits) assert.ok(Object.hasOwn(limitDefinitions, limit), limit)
      assert.ok(named(metrics).length > 0)
      for (const metric of named(metrics))
        assert.ok(Object.hasOwn(metricDefinitions, metric.replace(/\{.*/, '')), metric)
      for (const code of named(events)) {
        const error = code.replace(/^gateway\./, '')
        const isMade = code === error ? source.includes(`'${code}'`) : Object.hasOwn(gatewayErrors, error)
        assert.ok(isMade, code)
      }
      const [file = '', title = ''] = named(tests)
      const text = read(file)
      assert.ok(text.includes(title), `${file} has no test ${title}`)
      assert.ok(
        ofLimits.some(limit => text.includes(limit)),
        `${file} meets none of ${ofLimits.join(', ')}`,
      )
    })
  }
})
