import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRegex } from '../regex/index.ts'
import { maxKnownNames, TxNames, TxVariables } from './tx.ts'

test('names made up at run time are found by patterns, those that are kept and those beyond', () => {
  const compiled = compileRegex('^odd_', {})
  assert.ok(compiled.ok)
  const names = new TxNames()
  for (let round = 0; round < 2; round++) {
    const tx = new TxVariables(names, names.unset)
    for (let i = 0; i <= maxKnownNames; i++) tx.set(`${i % 2 === 0 ? 'even' : 'odd'}_${i}`, String(i))
    const found = tx.matching(compiled.regex)
    assert.equal(found.length, maxKnownNames / 2)
    assert.equal(found[0]?.name, 'TX:odd_1')
    tx.set(`odd_${maxKnownNames + 1}`, 'x')
    assert.equal(tx.matching(compiled.regex).at(-1)?.value, 'x')
  }
})

test('the first spelling of a name stays within a transaction, and is its own in the next', () => {
  const names = new TxNames()
  const spellings = [['Name', 'NAME'], ['name'], ['Name']].map(list => {
    const tx = new TxVariables(names, names.unset)
    for (const name of list) tx.set(name, 'x')
    return tx.values().map(value => value.key)
  })
  assert.deepEqual(spellings, [['Name'], ['name'], ['Name']])
})
