import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptTextLength, RecentTexts } from './recent-texts.ts'

test('keeps what is met for the second time', () => {
  const recent = new RecentTexts<number>()
  recent.set('a', 1)
  assert.equal(recent.get('a'), undefined)
  recent.set('a', 1)
  assert.equal(recent.get('a'), 1)
  assert.equal(recent.get('b'), undefined)
})

test('tells before whether it will keep', () => {
  const recent = new RecentTexts<number>()
  assert.equal(recent.isAwaited('a'), false)
  recent.set('a', 1)
  assert.equal(recent.get('a'), undefined)
  assert.equal(recent.isAwaited('a'), true)
  assert.equal(recent.isAwaited('b'), false)
  const long = 'x'.repeat(keptTextLength + 1)
  recent.set(long, 1)
  assert.equal(recent.isAwaited(long), false)
})

test('takes the bytes of a text as they are, and the empty text', () => {
  const recent = new RecentTexts<number>()
  for (const text of ['', '\0', '\xff\x80', 'x'.repeat(keptTextLength)]) {
    recent.set(text, text.length)
    recent.set(text, text.length)
    assert.equal(recent.get(text), text.length)
  }
})

test('does not keep long texts', () => {
  const recent = new RecentTexts<number>()
  const long = 'x'.repeat(keptTextLength + 1)
  recent.set(long, 1)
  recent.set(long, 1)
  assert.equal(recent.get(long), undefined)
})

test('forgets, and never takes one text for another', () => {
  const recent = new RecentTexts<number>()
  const count = 20_000
  for (let round = 0; round < 3; round++) for (let i = 0; i < count; i++) recent.set(`text ${i}`, i)
  let known = 0
  for (let i = 0; i < count; i++) {
    const found = recent.get(`text ${i}`)
    if (found === undefined) continue
    assert.equal(found, i)
    known++
  }
  assert.ok(known <= 4096)
})
