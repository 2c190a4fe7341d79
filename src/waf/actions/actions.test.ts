// What actions write: variables and their arithmetic, macros, collections with expiry, captures, reports.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { engine, fired, run, type TestRequest } from '../rules/engine.test-helper.ts'
import type { CollectionPort, CollectionValue, Match } from '../types.ts'
import { leadingInteger } from './set-variable.ts'

/** Actions of a SecAction in phase 1, the request, and what variables are afterwards. */
const writes: readonly (readonly [string, Readonly<Record<string, string | undefined>>, TestRequest?])[] = [
  ['setvar:tx.a=1', { 'tx.a': '1', 'TX.A': '1', 'tx:a': '1' }],
  ["setvar:'tx.a=with, comma'", { 'tx.a': 'with, comma' }],
  ["setvar:tx.a='quoted, too'", { 'tx.a': 'quoted, too' }],
  ['setvar:tx.a', { 'tx.a': '1' }],
  ['setvar:tx.a=5,setvar:tx.a=+3', { 'tx.a': '8' }],
  ['setvar:tx.a=5,setvar:tx.a=-7', { 'tx.a': '-2' }],
  ['setvar:tx.a=+3', { 'tx.a': '3' }],
  ['setvar:tx.a=word,setvar:tx.a=+3', { 'tx.a': '3' }],
  ['setvar:tx.a=12abc,setvar:tx.a=+1', { 'tx.a': '13' }],
  ['setvar:tx.a=2147483647,setvar:tx.a=+2147483647', { 'tx.a': '4294967294' }],
  ['setvar:tx.a=5,setvar:!tx.a', { 'tx.a': undefined }],
  ['setvar:tx.a=5,setvar:tx.b=%{tx.a}%{tx.none}-%{REQUEST_METHOD}', { 'tx.b': '5-GET' }],
  ['setvar:tx.b=+%{tx.a}', { 'tx.b': '0' }],
  ["setvar:'tx.name_%{REQUEST_METHOD}=%{ARGS.q}'", { 'tx.name_get': 'v' }, { target: '/?q=v' }],
  ["setvar:'tx.a=100%% {no} %{open'", { 'tx.a': '100%% {no} %{open' }],
  ['setvar:tx.a=%{REQUEST_HEADERS.host}', { 'tx.a': 'h' }, { headers: [['Host', 'h']] }],
  ['setenv:name=value,setvar:tx.a=1', { 'env.name': 'value' }],
  ['setsid:abc,setvar:session.n=1', { sessionid: 'abc' }],
  ['ver:v1,rev:7,setvar:tx.a=%{RULE.ver}-%{RULE.rev}-%{RULE.id}', { 'tx.a': 'v1-7-1' }],
]

describe('what setvar and setenv write', () => {
  for (const [actions, want, request] of writes) {
    it(actions, () => {
      const transaction = run(engine(`SecAction "id:1,phase:1,pass,${actions}"`), request)
      for (const [name, value] of Object.entries(want)) assert.equal(transaction.variable(name), value, name)
    })
  }

  for (const [text, want] of [
    ['12', 12],
    [' -3x', -3],
    ['+4', 4],
    ['', 0],
    ['x', 0],
    ['99999999999', 2147483647],
  ] as const) {
    it(`${JSON.stringify(text)} is ${want} as a number`, () => assert.equal(leadingInteger(text), want))
  }
})

describe('captures', () => {
  it('TX.0 to TX.9 hold the last match and forget the one before', () => {
    const waf = engine(`SecRule ARGS:a "(b)(c)" "id:1,phase:2,pass,capture,setvar:tx.first=%{tx.0}%{tx.1}%{tx.2}"
      SecRule ARGS:a "(d)" "id:2,phase:2,pass,capture"`)
    const transaction = run(waf, { target: '/?a=abcd' })
    assert.equal(transaction.variable('tx.first'), 'bcbc')
    assert.deepEqual(
      [0, 1, 2].map(i => transaction.variable(`tx.${i}`)),
      ['d', 'd', undefined],
    )
  })

  it('a rule without capture leaves them alone', () => {
    const waf = engine('SecRule ARGS:a "b" "id:1,phase:2,pass,capture"\nSecRule ARGS:a "c" "id:2,phase:2,pass"')
    assert.equal(run(waf, { target: '/?a=bc' }).variable('tx.0'), 'b')
  })
})

describe('reports', () => {
  const scored = `SecAction "id:9,phase:1,nolog,pass,setvar:tx.critical=5"
    SecRule ARGS "<(script)>" "id:1,phase:2,pass,capture,t:none,t:urlDecode,t:lowercase,severity:CRITICAL,tag:x,tag:'paranoia-level/3',\
    msg:'Script in %{MATCHED_VAR_NAME}',logdata:'%{TX.1} in %{MATCHED_VAR}',setvar:tx.inbound_anomaly_score_pl1=+%{tx.critical}"`

  it('a match has message, data, targets with spans, points and its rule', () => {
    const [match] = run(engine(scored), { target: '/?a=x%2BX%253CSCRIPT%3E&b=1' }).matches
    assert.ok(match)
    assert.equal(match.message, 'Script in ARGS:a')
    assert.equal(match.logData, 'script in x x<script>')
    assert.deepEqual(
      match.targets.map(({ name, value, span }) => [name, value, span]),
      [['ARGS:a', 'x x<script>', [3, 11]]],
    )
    const check = {
      operator: 'rx',
      negated: false,
      argument: '<(script)>',
      transformations: ['urlDecode', 'lowercase'],
    }
    assert.deepEqual(match.targets[0]?.check, check)
    assert.equal(match.points, 5)
    assert.equal(match.disruptive, false)
    assert.equal(match.rule.severity, 'CRITICAL')
    assert.equal(match.rule.paranoia, 3)
    assert.equal(match.rule.message, 'Script in %{MATCHED_VAR_NAME}')
    assert.deepEqual([match.rule.file, match.rule.line, match.rule.column], ['test.conf', 2, 5])
  })

  it('explain adds the value after each transformation that changed it', () => {
    const [match] = run(engine(scored), { target: '/?a=%253CSCRIPT%3E' }, { explain: true }).matches
    assert.deepEqual(match?.targets[0]?.steps, [
      { transformation: 'none', value: '%3CSCRIPT>' },
      { transformation: 'urlDecode', value: '<SCRIPT>' },
      { transformation: 'lowercase', value: '<script>' },
    ])
  })

  it('points are counted for each value that matched', () => {
    assert.equal(run(engine(scored), { target: '/?a=<script>&b=<script>' }).matches[0]?.points, 10)
  })

  it('every link of a chain gives its targets', () => {
    const waf = engine(
      'SecRule ARGS:a "1" "id:1,phase:2,pass,chain"\nSecRule MATCHED_VARS "1" "chain"\nSecRule REQUEST_METHOD "G"',
    )
    const names = run(waf, { target: '/?a=1' }).matches[0]?.targets.map(target => target.name)
    assert.deepEqual(names, ['ARGS:a', 'ARGS:a', 'REQUEST_METHOD'])
  })

  it('MATCHED_VARS_NAMES and HIGHEST_SEVERITY', () => {
    const waf = engine(`SecRule ARGS "1" "id:1,phase:2,pass,severity:NOTICE,chain"
        SecRule MATCHED_VARS_NAMES "@streq ARGS:b" "setvar:tx.name=%{MATCHED_VAR}"
      SecAction "id:2,phase:2,pass,severity:DEBUG"
      SecRule HIGHEST_SEVERITY "@eq 5" "id:3,phase:2,pass"`)
    const transaction = run(waf, { target: '/?a=1&b=1' })
    assert.deepEqual(fired(transaction), [1, 2, 3])
    assert.equal(transaction.variable('tx.name'), 'ARGS:b')
  })

  it('sanitiseArg masks a value in later reports, sanitiseMatched in its own', () => {
    const waf = engine(`SecRule ARGS "secret" "id:1,phase:2,pass,sanitiseArg:a,sanitiseMatched,logdata:'%{MATCHED_VAR}'"
      SecRule ARGS:a "secret" "id:2,phase:2,pass"`)
    const [first, second] = run(waf, { target: '/?a=secret' }).matches
    const shown = (match: Match | undefined) => match?.targets.map(({ name, value, span }) => [name, value, span])
    assert.deepEqual(shown(first), [['ARGS:a', '***', undefined]])
    assert.equal(first?.logData, '***')
    assert.deepEqual(shown(second), [['ARGS:a', '******', undefined]])
  })

  it('multiMatch looks at the value and at each changed step', () => {
    const rules = (extra: string) =>
      `SecRule ARGS "@streq %41" "id:1,phase:2,pass,t:none,t:urlDecode,t:lowercase${extra}"`
    const request = { target: '/?a=%2541' }
    assert.deepEqual(fired(run(engine(rules('')), request)), [])
    assert.deepEqual(fired(run(engine(rules(',multiMatch')), request)), [1])
  })
})

describe('persistent collections', () => {
  it('keep values between transactions, count, and forget them in time', () => {
    let now = 1_000_000
    const stored = new Map<string, Map<string, CollectionValue>>()
    const collections: CollectionPort = {
      load: (name, key) => stored.get(`${name} ${key}`),
      save: (name, key, values) => void stored.set(`${name} ${key}`, new Map(values)),
    }
    const waf = engine(
      `SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR}"
      SecAction "id:2,phase:1,nolog,pass,setvar:ip.count=+1,expirevar:ip.count=60"
      SecRule IP:COUNT "@gt 2" "id:3,phase:1,deny,status:429"`,
      { now: () => now, collections },
    )
    const statuses = Array.from({ length: 3 }, () => run(waf, { ip: '192.0.2.7' }).interruption?.status)
    assert.deepEqual(statuses, [undefined, undefined, 429])
    assert.equal(run(waf, { ip: '192.0.2.8' }).interruption, undefined)
    now += 61_000
    assert.equal(run(waf, { ip: '192.0.2.7' }).interruption, undefined)
    assert.deepEqual([...stored.keys()], ['IP 192.0.2.7', 'IP 192.0.2.8'])
  })

  it('writes without initcol go nowhere', () => {
    const transaction = run(
      engine('SecAction "id:1,phase:1,pass,setvar:ip.a=1"\nSecRule &IP:a "@eq 0" "id:2,phase:1,pass"'),
    )
    assert.deepEqual(fired(transaction), [1, 2])
  })
})

it('geoLookup fills GEO', () => {
  const rules = `SecRule REMOTE_ADDR "@geoLookup" "id:1,phase:1,pass,nolog"
    SecRule GEO:COUNTRY_CODE "@streq NL" "id:2,phase:1,pass,logdata:'%{GEO.CITY}'"`
  const waf = engine(rules, { geo: ip => (ip === '192.0.2.1' ? { countryCode: 'NL', city: 'Delft' } : undefined) })
  assert.equal(run(waf).matches[0]?.logData, 'Delft')
})

describe('what rules say of the audit log', () => {
  const cases: readonly (readonly [rules: string, seen: object])[] = [
    ['', { engine: undefined, parts: undefined, relevant: 0, ctl: undefined, changed: 'ABH' }],
    ['SecAuditEngine RelevantOnly', { engine: 'relevant-only' }],
    ['SecAuditLogParts abijdefhz', { parts: 'ABIJDEFHZ' }],
    ['SecAuditLogRelevantStatus "^(?:5|4(?!04))"', { relevant: 199 }],
    ['SecAction "id:1,phase:1,pass,nolog,ctl:auditEngine=Off"', { ctl: 'off' }],
    ['SecAction "id:1,phase:1,pass,nolog,ctl:auditLogParts=+CE,ctl:auditLogParts=-b"', { changed: 'AHCE' }],
    ['SecAction "id:1,phase:1,pass,nolog,ctl:auditLogParts=AZ"', { changed: 'AZ' }],
  ]
  for (const [rules, want] of cases) {
    it(rules, () => {
      const waf = engine(rules)
      const transaction = run(waf)
      const { engine: mode, parts, relevantStatuses } = waf.settings.audit
      const relevant = relevantStatuses.size
      const changed = transaction.auditParts('ABH')
      const seen = { engine: mode, parts, relevant, ctl: transaction.auditEngine, changed }
      assert.deepEqual({ ...seen, ...want }, seen)
    })
  }

  it('auditlog tells a match, noauditlog does not audit it', () => {
    const waf = engine(`SecAction "id:1,phase:1,pass,nolog"
      SecAction "id:2,phase:1,pass,nolog,auditlog"
      SecAction "id:3,phase:1,pass,log,noauditlog"`)
    const seen = run(waf).matches.map(({ rule, audited }) => [rule.id, audited])
    assert.deepEqual(seen, [
      [2, true],
      [3, false],
    ])
  })
})
