import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { defaultLimits } from '../pipeline/limits.ts'
import { createInspector, type InspectorOptions, type InspectResult } from './inspector.ts'
import { parseRow } from './row.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-inspect-'))
after(() => rmSync(dir, { recursive: true }))

const rules = join(dir, 'rules.conf')
writeFileSync(
  rules,
  `SecRule ARGS "@contains one" "id:1,phase:2,pass,log,t:none,msg:'One',severity:NOTICE,setvar:tx.anomaly_score=+2"
SecRule ARGS "@contains early" "id:2,phase:1,deny,status:406,log,t:none,msg:'Early'"
SecRule ARGS "@contains bad" "id:3,phase:2,block,deny,status:403,log,t:none,msg:'Bad',setvar:tx.anomaly_score=+5"
`,
)

function inspect(row: object, options: InspectorOptions = {}): InspectResult {
  const created = createInspector({ rules: [rules], ...options })
  assert.ok(created.ok, JSON.stringify(created))
  const parsed = parseRow(JSON.stringify({ id: 'r', method: 'GET', path: '/', headers: { Host: 'a.example' }, ...row }))
  assert.ok(!('error' in parsed))
  return created.inspector.inspect(parsed)
}

/** `block 403 score 5: waf.rule/3, …` */
function summary({ action, status, score, findings }: InspectResult): string {
  return `${action} ${status} score ${score}: ${findings.map(({ code, rule }) => `${code}/${rule}`).join(', ')}`
}

const form = { Host: 'a.example', 'Content-Type': 'application/x-www-form-urlencoded' }
const gzip = { 'Content-Encoding': 'gzip', 'Content-Length': '20' }
const large = `a=${'x'.repeat(defaultLimits.bodyInspected)}`

const cases: [name: string, row: object, options: InspectorOptions, want: string][] = [
  ['nothing', { path: '/?a=b' }, {}, 'allow 200 score 0: '],
  ['points below a decision', { path: '/?a=one' }, {}, 'allow 200 score 2: waf.rule/1'],
  ['a decision', { path: '/?a=bad' }, {}, 'block 403 score 5: waf.rule/3'],
  ['a body', { method: 'POST', headers: form, body: 'a=bad' }, {}, 'block 403 score 5: waf.rule/3'],
  ['an early decision ends it', { path: '/?a=early+bad' }, {}, 'block 406 score 0: waf.rule/2'],
  [
    'full goes on',
    { path: '/?a=early+bad+one' },
    { full: true },
    'block 406 score 7: waf.rule/2, waf.rule/1, waf.rule/3',
  ],
  ['framing', { headers: {} }, {}, 'block 400 score 0: http.host/http.host'],
  [
    'framing, full',
    { path: '/?a=one', headers: {} },
    { full: true },
    'block 400 score 2: http.host/http.host, waf.rule/1',
  ],
  [
    'an encoded body is decoded',
    { method: 'POST', headers: { ...form, ...gzip }, bodyBase64: gzipSync('a=bad').toString('base64') },
    {},
    'block 403 score 5: waf.rule/3',
  ],
  [
    'a damaged encoded body',
    { method: 'POST', headers: { ...form, ...gzip }, body: 'x' },
    {},
    'block 415 score 0: waf.content-encoding/content-encoding',
  ],
  [
    'an unknown coding',
    { method: 'POST', headers: { ...form, 'Content-Encoding': 'lzma', 'Content-Length': '1' }, body: 'x' },
    {},
    'block 415 score 0: waf.content-encoding/content-encoding',
  ],
  [
    'a bomb',
    { method: 'POST', headers: { ...form, ...gzip }, bodyBase64: gzipSync(large).toString('base64') },
    {},
    'block 413 score 0: body.too-large/body.too-large',
  ],
  [
    'a text body that is too large',
    { method: 'POST', headers: form, body: large },
    {},
    'block 413 score 0: body.too-large/body.too-large',
  ],
  [
    'a file that is too large is clipped',
    { method: 'POST', headers: { Host: 'a.example', 'Content-Type': 'image/png' }, body: large },
    {},
    'allow 200 score 0: ',
  ],
]
for (const [name, row, options, want] of cases) test(name, () => assert.equal(summary(inspect(row, options)), want))

test('a finding says what matched where; time is taken', () => {
  const { findings, us, id } = inspect({ path: '/?a=ve%72y+bad+%c3%a9' })
  assert.deepEqual(findings, [
    { guard: 'waf', code: 'waf.rule', rule: '3', message: 'Bad', where: 'ARGS:a', match: 'very bad é', points: 5 },
  ])
  assert.ok(us >= 0 && id === 'r')
})

test('rules that can’t be had are problems', () => {
  const created = createInspector({ rules: [join(dir, 'none.conf')] })
  assert.ok(!created.ok && created.problems[0]?.code === 'rules.not-found')
})
