import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { AuditLogReader, parseAuditRecord } from './audit-log.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-audit-log-'))
after(() => rmSync(dir, { recursive: true }))

function record(id: string, ...rules: number[]): string {
  const messages = rules.map(rule => ({
    message: `message é ${rule}`,
    details: { ruleId: String(rule), data: 'a "b"', severity: '2', tags: ['t'] },
  }))
  return `${JSON.stringify({ transaction: { unique_id: id, messages } })}\n`
}

test('a record is its rules and their log lines', () => {
  assert.deepEqual(parseAuditRecord(record('r', 7, 7, 8)), {
    reference: 'r',
    matches: {
      ids: [7, 8],
      log: [7, 7, 8].map(
        id => `Matched. [id "${id}"] [msg "message é ${id}"] [data "a \\x22b\\x22"] [severity "CRITICAL"] [tag "t"]`,
      ),
    },
  })
})

for (const text of ['', '{', '7', 'null', '{"transaction":7}', '{"transaction":{"unique_id":7}}']) {
  test(`no record: ${text}`, () => assert.equal(parseAuditRecord(text), undefined))
}

test('records without rules have none', () => {
  assert.deepEqual(parseAuditRecord('{"transaction":{"unique_id":"r"}}')?.matches, { ids: [], log: [] })
})

test('records are found as they are written, also in pieces, and not those from before', async () => {
  const file = join(dir, 'audit.json')
  appendFileSync(file, record('old', 1))
  const log = new AuditLogReader(file)
  assert.equal(await log.take('old', 20), undefined)
  const late = record('late', 2)
  setTimeout(() => appendFileSync(file, late.slice(0, 40)), 10)
  setTimeout(() => appendFileSync(file, late.slice(40) + record('next', 3)), 30)
  assert.deepEqual((await log.take('late', 30_000))?.ids, [2])
  assert.deepEqual((await log.take('next', 0))?.ids, [3])
  assert.equal(await log.take('next', 0), undefined, 'it is taken once')
  log.close()
})
