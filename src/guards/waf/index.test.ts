import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard } from '../../pipeline/guard.ts'
import { HeaderList } from '../../pipeline/headers.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import type { Contract, Placements } from '../../pipeline/placements.ts'
import { type TestRequest, testExchange, testRoute } from '../../pipeline/testing.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { createSharedCounters, SharedCounters } from '../../store/counters-shared.ts'
import { waf } from './index.ts'
import { wafOptions } from './options.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-waf-'))
after(() => rmSync(dir, { recursive: true }))

const tools = {
  now: Date.now,
  counters: new SharedCounters(createSharedCounters(64)),
  limits: defaultLimits,
  configDir: dir,
  stateDir: dir,
}

function create(options: object): Guard {
  const made = waf.create(wafOptions.parse(options), tools)
  assert.ok(made.ok, made.ok ? '' : JSON.stringify(made.problems))
  return made.guard
}

let files = 0
function rules(text: string): string {
  const name = `rules-${files++}.conf`
  writeFileSync(join(dir, name), text)
  return name
}

function sync(outcome: ReturnType<NonNullable<Guard['onHeaders']>>): Verdict | undefined {
  assert.ok(!(outcome instanceof Promise))
  return outcome
}

function judge(guard: Guard, request: TestRequest): { verdict: Verdict | undefined; ex: Exchange } {
  const ex = testExchange(request)
  const verdict = sync(guard.onHeaders?.(ex)) ?? sync(guard.onBody?.(ex))
  return { verdict, ex }
}

const builtin = create({})
const form = ['Content-Type', 'application/x-www-form-urlencoded']
const json = ['Content-Type', 'application/json']

const cases: [name: string, request: TestRequest, want: number | undefined][] = [
  ['a plain request', { target: '/products?q=red+shoes' }, undefined],
  ['SQL injection in the query', { target: '/products?q=1%27%20UNION%20SELECT%20password%20FROM%20users--' }, 403],
  [
    'cross-site scripting in a form',
    { method: 'POST', headers: form, body: 'c=%3Cscript%3Ealert(1)%3C/script%3E' },
    403,
  ],
  ['traversal in JSON', { method: 'POST', headers: json, body: '{"file":"../../../../etc/passwd"}' }, 403],
  ['plain JSON', { method: 'POST', headers: json, body: '{"name":"Ann","age":7}' }, undefined],
  ['a body that is no JSON', { method: 'POST', headers: json, body: '{"name":' }, 400],
]
for (const [name, request, want] of cases) {
  test(`builtin: ${name} → ${want ?? 'passed'}`, () => {
    const { verdict } = judge(builtin, request)
    assert.equal(verdict?.kind === 'deny' ? verdict.status : undefined, want, JSON.stringify(verdict))
  })
}

test('evidence says which rules matched, where, and what', () => {
  const { verdict, ex } = judge(builtin, { target: '/?q=%3Cscript%3Ealert(1)%3C/script%3E' })
  assert.equal(verdict?.reason.code, 'waf.rule')
  const [first] = verdict?.reason.evidence ?? []
  assert.ok(first && first.points > 0)
  assert.equal(first.where, 'ARGS:q')
  assert.match(first.match, /script/)
  assert.ok(ex.inspectUs > 0)
})

const refusals: [name: string, headers: string[], body: string, want: number | undefined][] = [
  ['a coding that nobody knows', ['Content-Encoding', 'lzma', 'Content-Length', '20'], '', 415],
  ['stacked codings', ['Content-Encoding', 'gzip, gzip', 'Content-Length', '20'], '', 415],
  ['a gzip body that was not decoded', ['Content-Encoding', 'gzip', 'Content-Length', '1'], 'x', 415],
  ['a coding without a body', ['Content-Encoding', 'lzma'], '', undefined],
  ['no coding but identity', ['Content-Encoding', 'identity', 'Content-Length', '1', ...json], '1', undefined],
]
for (const [name, headers, body, want] of refusals) {
  test(`${name} → ${want ?? 'passed'}`, () => {
    const { verdict } = judge(builtin, { method: 'POST', headers, body })
    assert.equal(verdict?.kind === 'deny' ? verdict.status : undefined, want)
    if (want !== undefined) assert.equal(verdict?.reason.code, 'waf.content-encoding')
  })
}

test('a body that was decoded is judged by what was inside', () => {
  const ex = testExchange({ method: 'POST', headers: ['Content-Encoding', 'gzip', 'Content-Length', '9', ...form] })
  assert.equal(builtin.onHeaders?.(ex), undefined)
  ex.body = { bytes: Buffer.from('c=<script>alert(1)</script>'), complete: true, isDecoded: true }
  assert.equal(sync(builtin.onBody?.(ex))?.reason.code, 'waf.rule')
})

test('a second, longer body is judged as a fresh request', () => {
  const guard = create({ rules: [rules('SecRule ARGS:b "@streq bad" "id:1,phase:2,deny,status:403,msg:\'b\'"')] })
  const ex = testExchange({ method: 'POST', headers: form, body: 'a=1' })
  assert.equal(guard.onHeaders?.(ex), undefined)
  assert.equal(guard.onBody?.(ex), undefined)
  ex.body = { bytes: Buffer.from('a=1&b=bad'), complete: false }
  assert.equal(sync(guard.onBody?.(ex))?.kind, 'deny')
})

test('in monitor mode a request that the headers condemned is not condemned twice', () => {
  const guard = create({ rules: [rules('SecRule ARGS:a "@streq bad" "id:1,phase:1,deny,status:403"')] })
  const ex = testExchange({ target: '/?a=bad' })
  assert.equal(sync(guard.onHeaders?.(ex))?.kind, 'deny')
  assert.equal(guard.onBody?.(ex), undefined)
})

test('responses are only held for rule sets that read them', () => {
  assert.equal(builtin.onResponseHeaders, undefined)
  assert.equal(builtin.onResponseBody, undefined)
  const guard = create({
    rules: [
      rules(`SecRule RESPONSE_HEADERS:X-Leak "@rx ." "id:1,phase:3,deny,status:502"
SecRule RESPONSE_BODY "@contains stack trace" "id:2,phase:4,deny,status:500,msg:'leak'"`),
    ],
  })
  const respond = (headers: string[], body: string) => {
    const { ex, verdict } = judge(guard, {})
    assert.equal(verdict, undefined)
    ex.response = { status: 200, statusText: '', headers: new HeaderList(headers) }
    const head = sync(guard.onResponseHeaders?.(ex))
    if (head) return head.kind === 'deny' && head.status
    ex.responseBody = Buffer.from(body)
    const verdictOfBody = sync(guard.onResponseBody?.(ex))
    return verdictOfBody?.kind === 'deny' && verdictOfBody.status
  }
  assert.equal(respond(['Content-Type', 'text/html'], 'hello'), false)
  assert.equal(respond(['Content-Type', 'text/html', 'X-Leak', 'y'], 'hello'), 502)
  assert.equal(respond(['Content-Type', 'text/html; charset=utf-8'], 'a stack trace'), 500)
  assert.equal(respond(['Content-Type', 'text/css'], 'a stack trace'), false)
})

test('redirect becomes an answer', () => {
  const guard = create({ rules: [rules('SecRule ARGS:a "@streq x" "id:1,phase:1,redirect:https://example.com/no"')] })
  const { verdict } = judge(guard, { target: '/?a=x' })
  assert.ok(verdict?.kind === 'answer')
  assert.deepEqual([verdict.status, verdict.headers[1]], [302, 'https://example.com/no'])
})

test('paranoia and threshold reach the rules', () => {
  const file = rules(`SecRule TX:blocking_paranoia_level "@ge 3" "id:1,phase:1,deny,status:403"
SecRule TX:inbound_anomaly_score_threshold "@eq 99" "id:2,phase:1,deny,status:404"`)
  const status = (options: object) => {
    const { verdict } = judge(create({ rules: [file], ...options }), {})
    return verdict?.kind === 'deny' ? verdict.status : undefined
  }
  assert.deepEqual([status({}), status({ paranoia: 3 }), status({ threshold: 99 })], [undefined, 403, 404])
})

test('bad rules are problems with their place', () => {
  const name = rules('SecRule ARGS "@nosuch x" "id:1,phase:1,deny"')
  const made = waf.create(wafOptions.parse({ rules: [name] }), tools)
  assert.ok(!made.ok)
  assert.deepEqual([made.problems[0]?.line, made.problems[0]?.file.endsWith(name)], [1, true])
  const absent = waf.create(wafOptions.parse({ rules: ['absent.conf'] }), tools)
  assert.ok(!absent.ok)
})

test('a guard knows when its files have changed', () => {
  const name = rules('SecRule ARGS:a "@streq x" "id:1,phase:1,deny"')
  const guard = create({ rules: [name] })
  assert.equal(guard.isStale?.(), false)
  writeFileSync(join(dir, name), 'SecRule ARGS:b "@streq x" "id:1,phase:1,deny"')
  assert.equal(guard.isStale?.(), true)
})

/** `id` is a number, `body` rich text, by a contract that knows POST /a alone. */
const contract: Contract = {
  placements(method, path): Placements | undefined {
    if (method !== 'POST' || path !== '/a') return undefined
    return {
      of: (_place, name, value) => (name !== 'id' ? 'richText' : /^\d+$/.test(value) ? 'settled' : 'broken'),
      brokenInPath: [],
    }
  },
}
const article = 'see%20/etc/passwd%20and%20%7B%7B7*7%7D%7D'
const byContract: [name: string, options: object, target: string, body: string, want: number | undefined][] = [
  ['keeps to it', {}, '/a', 'id=7', undefined],
  ['leaves the form of a field', {}, '/a', 'id=7%20of%20them', 403],
  ['leaves it, but contracts are off', { contract: false }, '/a', 'id=7%20of%20them', undefined],
  ['leaves it, but no operation is known', {}, '/b', 'id=7%20of%20them', undefined],
  ['has code in rich text', {}, '/a', `body=${article}`, undefined],
  ['has code in a field of no contract', {}, '/b', `body=${article}`, 403],
  ['has script in rich text', {}, '/a', 'body=%3Cscript%3Ealert(1)%3C/script%3E', 403],
  ['has SQL that leaves a string in rich text', {}, '/a', "body=x';DROP%20TABLE%20users;--%20", 403],
]
for (const [name, options, target, body, want] of byContract) {
  test(`by contract: a request that ${name} → ${want ?? 'passed'}`, () => {
    const route = { ...testRoute(), contract }
    const { verdict } = judge(create(options), { method: 'POST', target, headers: form, body, route })
    assert.equal(verdict?.kind === 'deny' ? verdict.status : undefined, want, JSON.stringify(verdict))
  })
}

test('by contract, with rules that add up no points: what is sure refuses alone', () => {
  const guard = create({ rules: [rules('SecAction "id:1,phase:1,pass,nolog"')] })
  const route = { ...testRoute(), contract }
  const request = (body: string) => ({ method: 'POST', target: '/a', headers: form, body, route })
  assert.equal(judge(guard, request('id=7;')).verdict?.kind, 'deny')
  assert.equal(judge(guard, request('body=%3Cscript%3Ealert(1)%3C/script%3E')).verdict?.kind, 'deny')
  assert.equal(judge(guard, request('id=7')).verdict, undefined)
})

test('rules see the fingerprints of a client', () => {
  const file = rules(`SecRuleEngine On
SecRule ENV:JA4 "@streq t13d_bad" "id:1,phase:1,deny,status:403"
SecRule ENV:HTTP_FINGERPRINT "@streq h1_01_bad" "id:2,phase:1,deny,status:403"`)
  const guard = create({ rules: [file] })
  const statusOf = (request: TestRequest) => {
    const { verdict } = judge(guard, request)
    return verdict?.kind === 'deny' ? verdict.status : undefined
  }
  assert.equal(statusOf({ ja4: 't13d_bad' }), 403)
  assert.equal(statusOf({ ja4: 't13d_good' }), undefined)
  assert.equal(statusOf({ http: 'h1_01_bad' }), 403)
  assert.equal(statusOf({}), undefined)
})
