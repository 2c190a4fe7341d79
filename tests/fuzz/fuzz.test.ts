// A short run of every fuzz target, and all inputs that failed once. For longer runs: long.ts.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readSeeds } from './seeds.ts'
import { targets } from './targets.ts'

const maxMs = 3000

describe('inputs that failed once', () => {
  for (const { target, input, file } of readSeeds()) {
    const found = targets.find(each => each.name === target)
    it(file, { skip: found === undefined && `there is no ${target} here` }, () => found?.replay(input))
  }
})

describe('random inputs', () => {
  for (const target of targets) {
    it(target.name, () => {
      const { runs, failure } = target.explore({ runs: target.ciRuns, ms: maxMs, seed: Date.now() | 0 })
      assert.equal(failure, undefined)
      assert.ok(runs > 0)
    })
  }
})
