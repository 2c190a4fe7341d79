// Which transactions go to the audit log, and what a record holds.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { HeaderList } from '../../pipeline/headers.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import { type TestRequest, testExchange } from '../../pipeline/testing.ts'
import { createSharedCounters, SharedCounters } from '../../store/counters-shared.ts'
import { waf } from './index.ts'
import { wafOptions } from './options.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-audit-'))
after(() => rmSync(dir, { recursive: true }))

interface AuditRequest extends TestRequest {
  readonly status?: number
  readonly responseHeaders?: string[]
  readonly responseBody?: string
}

interface AuditMessage {
  readonly message: string
  readonly details: Record<string, string>
}

interface Transaction {
  readonly request: Record<string, unknown>
  readonly response: Record<string, unknown>
  readonly producer?: unknown
  readonly messages?: readonly AuditMessage[]
  readonly [key: string]: unknown
}

let files = 0

/** Runs one request through the guard; gives the records that it wrote and the warnings of the load. */
function run(rules: string, audit: object | undefined, request: AuditRequest = {}) {
  const name = `rules-${files++}.conf`
  writeFileSync(join(dir, name), rules)
  const written: { file: string; line: string }[] = []
  const options = wafOptions.parse({ rules: [name], ...(audit && { audit: { file: 'audit.json', ...audit } }) })
  const made = waf.create(options, {
    now: Date.now,
    counters: new SharedCounters(createSharedCounters(64)),
    limits: defaultLimits,
    configDir: dir,
    stateDir: dir,
    writeLine: (file, line) => written.push({ file, line }),
  })
  assert.ok(made.ok, JSON.stringify(made))
  const { guard } = made
  const ex = testExchange(request)
  guard.onHeaders?.(ex)
  guard.onBody?.(ex)
  ex.response = { status: 200, statusText: '', headers: new HeaderList(request.responseHeaders ?? []) }
  guard.onResponseHeaders?.(ex)
  if (request.responseBody !== undefined) ex.responseBody = Buffer.from(request.responseBody)
  guard.onResponseBody?.(ex)
  ex.status = request.status ?? 200
  guard.onDone?.(ex)
  const records = written.map(({ line }) => (JSON.parse(line) as { transaction: Transaction }).transaction)
  return { written, records, warnings: made.warnings ?? [] }
}

const match = 'SecRule ARGS:q "@rx b+" "id:1,phase:2,pass,msg:\'Bees in %{MATCHED_VAR_NAME}\'"\n'

const wanted: [name: string, rules: string, audit: object, request: AuditRequest, records: number][] = [
  ['nothing matched', match, {}, { target: '/?q=x' }, 0],
  ['a rule matched', match, {}, { target: '/?q=abba' }, 1],
  ['all', match, { transactions: 'all' }, {}, 1],
  ['all, as rules say', `SecAuditEngine On\n${match}`, {}, {}, 1],
  ['none, as rules say', `SecAuditEngine Off\n${match}`, {}, { target: '/?q=b' }, 0],
  ['the config wins', `SecAuditEngine Off\n${match}`, { transactions: 'relevant' }, { target: '/?q=b' }, 1],
  ['a relevant status', 'SecAuditLogRelevantStatus "^5"\n', {}, { status: 503 }, 1],
  ['another status', 'SecAuditLogRelevantStatus "^5"\n', {}, { status: 404 }, 0],
  ['noauditlog', 'SecAction "id:1,phase:1,pass,noauditlog"\n', {}, {}, 0],
  ['nolog,auditlog', 'SecAction "id:1,phase:1,pass,nolog,auditlog"\n', {}, {}, 1],
  ['ctl off', 'SecAction "id:1,phase:1,pass,ctl:auditEngine=Off"\n', { transactions: 'all' }, {}, 0],
  ['ctl on', 'SecAction "id:1,phase:1,pass,nolog,ctl:auditEngine=On"\n', {}, {}, 1],
]
for (const [name, rules, audit, request, records] of wanted) {
  test(`${name}: ${records} records`, () => {
    const { written } = run(rules, audit, request)
    assert.equal(written.length, records)
    for (const { file, line } of written) {
      assert.equal(file, join(dir, 'audit.json'))
      assert.doesNotMatch(line, /\n/)
    }
  })
}

test('a record has the shape of ModSecurity 3', () => {
  const rules = `SecComponentSignature "demo/1.2"
SecRule ARGS:q "@rx b+" "id:7,phase:2,pass,t:none,t:lowercase,severity:CRITICAL,tag:a,tag:b,ver:'demo/1.2',rev:3,\\
maturity:4,accuracy:5,msg:'Bees in %{MATCHED_VAR_NAME}',logdata:'%{MATCHED_VAR}'"`
  const request = { target: '/p?q=aBBa', headers: ['X-A', '1', 'X-A', '2'], status: 404, responseHeaders: ['X-B', '3'] }
  const { records } = run(rules, { parts: 'ABFHZ' }, request)
  const [{ time_stamp: time, server_id: server, messages, ...record }] = records as [Transaction]
  assert.match(String(time), /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/)
  assert.match(String(server), /^[0-9a-f]{40}$/)
  assert.deepEqual(record, {
    client_ip: '192.0.2.1',
    client_port: 40000,
    host_ip: '127.0.0.1',
    host_port: 80,
    unique_id: '01TESTREFERENCE',
    request: { method: 'GET', http_version: 1.1, uri: '/p?q=aBBa', headers: { Host: 'shop.test', 'X-A': '1, 2' } },
    response: { http_code: 404, headers: { 'X-B': '3' } },
    producer: { modsecurity: 'Merlon', connector: 'Merlon', secrules_engine: 'Enabled', components: ['demo/1.2'] },
  })
  const [message] = messages as [AuditMessage]
  const { file, ...details } = message.details
  assert.equal(message.message, 'Bees in ARGS:q')
  assert.match(String(file), /rules-\d+\.conf$/)
  assert.deepEqual(details, {
    match: "Matched \"Operator `Rx' with parameter `b+' against variable `ARGS:q' (Value: `abba' )",
    reference: 'o1,2t:lowercase',
    ruleId: '7',
    lineNumber: '2',
    data: 'abba',
    severity: '2',
    ver: 'demo/1.2',
    rev: '3',
    tags: ['a', 'b'],
    maturity: '4',
    accuracy: '5',
  })
})

const form = ['Content-Type', 'application/x-www-form-urlencoded']
const html = ['Content-Type', 'text/html']
const multipart = ['Content-Type', 'multipart/form-data; boundary=x']
const bodies = `SecResponseBodyAccess On\nSecResponseBodyMimeType text/html\n${match}SecRule RESPONSE_BODY "zz" "id:2,phase:4,pass"`
const parts: [parts: string, request: AuditRequest, body: unknown, responseBody: unknown, rules: boolean][] = [
  ['AZ', {}, undefined, undefined, false],
  ['ABCEFHZ', { headers: form, body: 'q=1', responseHeaders: html, responseBody: 'hi' }, 'q=1', 'hi', true],
  ['AIZ', { headers: form, body: 'q=1' }, 'q=1', undefined, false],
  ['AIZ', { headers: multipart, body: '--x--' }, undefined, undefined, false],
  ['ACZ', { headers: multipart, body: '--x--' }, '--x--', undefined, false],
]
for (const [letters, request, body, responseBody, rules] of parts) {
  test(`parts ${letters} of ${JSON.stringify(request)}`, () => {
    const { records } = run(bodies, { transactions: 'all', parts: letters }, { method: 'POST', ...request })
    const [record] = records as [Transaction]
    assert.deepEqual([record.request['body'], record.response['body']], [body, responseBody])
    assert.deepEqual([record.messages !== undefined, record.producer !== undefined], [rules, rules])
    assert.equal(record.request['headers'] !== undefined, letters.includes('B'))
    assert.equal(record.response['headers'] !== undefined, letters.includes('F'))
  })
}

test('rules choose the parts where the config does not, and ctl changes them', () => {
  const rules = `SecAuditLogParts AZ\nSecAction "id:1,phase:1,pass,nolog,ctl:auditLogParts=+H"`
  const [record] = run(rules, { transactions: 'all' }).records as [Transaction]
  assert.deepEqual([record.request['headers'], record.messages], [undefined, []])
  const [chosen] = run(rules, { transactions: 'all', parts: 'ABZ' }).records as [Transaction]
  assert.deepEqual([Object.keys(chosen.request['headers'] as object), chosen.messages], [['Host'], []])
})

test('secrets are masked wherever they stand, unless the config says otherwise', () => {
  const rules = `SecRule ARGS:password "@rx ." "id:1,phase:2,pass,msg:'Saw %{MATCHED_VAR}',logdata:'%{MATCHED_VAR}'"
SecResponseBodyAccess On\nSecResponseBodyMimeType text/html\nSecRule RESPONSE_BODY "zz" "id:2,phase:4,pass"`
  const request: AuditRequest = {
    method: 'POST',
    target: '/?token=hunter2',
    headers: ['Authorization', 'Basic hunter2', 'Cookie', 'a=hunter2', ...form],
    body: 'password=hunter2',
    responseHeaders: ['Set-Cookie', 's=hunter2', ...html],
    responseBody: '{"secret":"hunter2"}',
  }
  const everything = { transactions: 'all', parts: 'ABCEFHZ' }
  const [masked] = run(rules, everything, request).written
  assert.doesNotMatch(masked?.line ?? '', /hunter2/)
  const [open] = run(rules, { ...everything, mask: false }, request).written
  assert.equal(open?.line.match(/hunter2/g)?.length, 9)
})

test('large bodies are cut', () => {
  const body = 'x'.repeat(300_000)
  const [record] = run(match, { transactions: 'all', parts: 'ACZ' }, { method: 'POST', body }).records as [Transaction]
  assert.equal(String(record.request['body']).length, 16_384)
})

test('rules that ask for a log that is nowhere are told', () => {
  assert.deepEqual(
    run(`SecAuditEngine RelevantOnly\n${match}`, undefined).warnings.map(({ code, path }) => [code, path]),
    [['waf.audit-file', 'guards.waf.audit.file']],
  )
  assert.deepEqual(run(`SecAuditEngine On\n${match}`, {}).warnings, [])
})
