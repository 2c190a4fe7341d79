// Every bound has a test: a name of pipeline/limits.ts that no test sets is a bound that nobody has met.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { limitDefinitions } from '../../src/pipeline/limits.ts'

const root = join(import.meta.dirname, '../..')
const files = globSync(['src/**/*.test.ts', 'tests/**/*.test.ts'], { cwd: root })
const texts = files.filter(file => !file.endsWith('architecture/limits.test.ts')).map(readText)

function readText(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

describe('each limit', () => {
  for (const [name, { summary }] of Object.entries(limitDefinitions)) {
    test(name, () => {
      assert.ok(/^[A-Z].*\.$/.test(summary), 'its summary is a sentence')
      const isSet = new RegExp(`\\b${name}: ?['\\d\\w]|limits\\.${name}\\b|\\{ ${name} \\}`)
      assert.ok(
        texts.some(text => isSet.test(text)),
        'a test sets it',
      )
    })
  }
})
