// The filter and the folding of constants change how fast a rule set runs and nothing else: whatever the request, the
// same rules match as when every rule is run. And what triggers and entries claim about transformations and detectors.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lowerAscii } from '../../../lib/bytes.ts'
import { isSuspicious } from '../../classifier/gate.ts'
import { detectGraphql } from '../../detectors/graphql.ts'
import { detectPath } from '../../detectors/path.ts'
import { detectShell } from '../../detectors/shell.ts'
import { detectSql } from '../../detectors/sql.ts'
import { Notable, notableWords } from '../../detectors/sql-words.ts'
import { detectSsrf } from '../../detectors/ssrf.ts'
import { detectXss } from '../../detectors/xss.ts'
import { createPrefilter } from '../../match/prefilter.ts'
import { nodePorts } from '../../node.ts'
import { hasByte } from '../../regex/byte-set.ts'
import { corpusValues } from '../../regex/crs.test-helper.ts'
import { ProblemList } from '../../seclang/source.ts'
import { transformations } from '../../transforms/index.ts'
import type { RuleSource, WafTransaction } from '../../types.ts'
import { testPorts } from '../engine.test-helper.ts'
import { buildProgram, loadProgram } from '../program.ts'
import { Transaction } from '../transaction.ts'
import { fixedEntries } from './entry.ts'
import { alwaysBit, alwaysTriggeredBytes, bitsThatChange, triggers } from './triggers.ts'

const fragments = fc.oneof(
  fc.constantFrom(
    ...[
      "' or 1=1--",
      '<script>',
      'onload=',
      '../../etc/passwd',
      '%2e%2e%2f',
      '%u0041',
      '&lt;',
      '&#x41;',
      '\\x41',
      '\\u0061',
    ],
    ...[
      'union',
      'SELECT',
      '/*x*/',
      '--',
      '#',
      '//',
      '/./',
      ' ',
      '  ',
      '\t',
      '\n',
      '\0',
      '+',
      '%',
      '"',
      '`',
      ';',
      '|',
      '$(',
      '()',
    ],
    ...[
      'cmd',
      'PWd',
      'java.lang',
      'PHNjcmlwdD4=',
      '0x41',
      'é',
      '\xc0\xbc',
      'a',
      'A',
      '1',
      '.',
      '=',
      '&',
      ':',
      '^',
      'nul',
    ],
    ...[
      ', ',
      '; ',
      ' (',
      ') ',
      '& ',
      "it's ",
      'if ',
      'if,',
      'for ',
      'ping ',
      'c',
      'u',
      'r',
      'l ',
      'powershell',
      '%u',
      '%4',
    ],
    ...['&lt', '&l', '&#', 'YWxlcnQoMSk', 'c3lzdGVt', '\xa0', '\xc2\xa0', '../', '.', '..', '\\'],
  ),
  fc.string({ maxLength: 6 }),
  fc.uint8Array({ maxLength: 4 }).map(bytes => Buffer.from(bytes).toString('latin1')),
)
const text = fc.array(fragments, { maxLength: 6 }).map(parts => parts.join(''))

describe('triggers', () => {
  for (const [name, trigger] of triggers) {
    it(`without its trigger ${name} changes no more than case`, () => {
      const transformation = transformations.get(name)
      assert.ok(transformation)
      const isTriggered = (value: string) => {
        if (value.length <= alwaysTriggeredBytes) return true
        if (trigger === 'case-only') return bitsThatChange(name) === alwaysBit
        const lower = lowerAscii(value)
        if (trigger.literals.some(literal => lower.includes(literal))) return true
        return Array.from(value).some(c => hasByte(trigger.bytes, c.charCodeAt(0)))
      }
      const bytes = text.map(value => Buffer.from(value, 'latin1').toString('latin1'))
      fc.assert(
        fc.property(
          bytes,
          value => isTriggered(value) || lowerAscii(transformation.apply(value)) === lowerAscii(value),
        ),
        { numRuns: 2000 },
      )
      if (bitsThatChange(name) === alwaysBit) return
      fc.assert(
        fc.property(bytes, value => isTriggered(value) || transformation.apply(value) === value),
        { numRuns: 1000 },
      )
    })
  }

  for (const [name, trigger] of triggers) {
    if (trigger === 'case-only' || trigger.adds === undefined) continue
    it(`${name} adds nothing but ${JSON.stringify(trigger.adds)} and makes no value longer`, () => {
      const apply = transformations.get(name)?.apply
      fc.assert(
        fc.property(text, value => {
          const input = Buffer.from(value, 'latin1').toString('latin1')
          const output = apply?.(input) ?? ''
          const known = new Set(lowerAscii(input) + trigger.adds)
          return output.length <= input.length && Array.from(lowerAscii(output)).every(c => known.has(c))
        }),
        { numRuns: 2000 },
      )
    })
  }

  it('base64Decode tells rightly that its outcome is shorter', () => {
    const decode = transformations.get('base64decode')
    fc.assert(
      fc.property(fc.oneof(text, fc.base64String({ maxLength: 12 })), fc.nat(12), (value, bytes) => {
        return !decode?.isShorter?.(value, bytes) || decode.apply(value).length < bytes
      }),
      { numRuns: 3000 },
    )
    assert.equal(decode?.isShorter?.('Please ring', 5), true)
    assert.equal(decode?.isShorter?.('Customer of', 5), false)
    assert.equal(decode?.isShorter?.('(as it came)', 5), false)
  })
})

type DetectorRow = readonly [name: string, detect: (value: string) => unknown, found: string]

const detectors: readonly DetectorRow[] = [
  ['detectxss', detectXss, '<script>alert(1)</script>'],
  ['detectsqli', detectSql, '1 union select 1'],
  ['detectpath', value => detectPath(value, 'value') ?? detectPath(value, 'url'), '../../etc/passwd'],
  ['detectshell', detectShell, ';c$@at /etc/passwd'],
  ['detectssrf', value => detectSsrf(value, 'hidden') ?? detectSsrf(value, 'private'), 'http://169.254.169.254/'],
  ['detectgraphql', detectGraphql, '{__schema{types{name}}}'],
  ['classify', value => (isSuspicious(value) ? true : undefined), 'a;b;c'],
]

describe('a detector reports nothing without what its entries ask for', () => {
  const words = [...notableWords.wordsOf(Notable.always), ...notableWords.wordsOf(Notable.call)]
  const more = fc.constantFrom(
    ...[
      ...words,
      '(1)',
      ' (',
      '.x',
      "')",
      '||',
      '&&',
      'xp_',
      'alert(1)',
      'javascript:',
      'self[',
      'expression(',
      '$\x7bIFS}',
    ],
    ...[
      '.env',
      'etc/passwd',
      'c:\\windows',
      'http:127.0.0.1',
      'http://169.254.169.254/',
      'query{__schema{a}}',
      'cat',
      ';id',
      'eval(',
    ],
  )
  const value = fc.array(fc.oneof(more, fragments), { maxLength: 7 }).map(parts => parts.join(''))
  const attacks = corpusValues(400, 300)
  for (const [name, detect, sample] of detectors) {
    it(name, () => {
      const prefilter = createPrefilter((fixedEntries.get(name) ?? []).map(entry => ({ id: 0, ...entry })))
      assert.ok(detect(sample), 'the sample is found')
      const check = (text: string) => {
        if (detect(text) === undefined) return
        prefilter.scan(text)
        assert.ok(prefilter.has(0), JSON.stringify(text))
      }
      fc.assert(fc.property(value, check), { numRuns: 4000 })
      for (const attack of [sample, ...attacks]) check(attack)
    })
  }
})

const ownRules = `SecDefaultAction "phase:2,log,pass"
SecAction "id:900,phase:1,nolog,pass,setvar:tx.level=2,setvar:tx.critical=5"
SecRule &TX:other "@eq 0" "id:901,phase:1,nolog,pass,setvar:tx.other=%{tx.level}"
SecRule TX:level "@lt 2" "id:902,phase:2,nolog,pass,skipAfter:END-LEVEL"
SecRule ARGS|ARGS_NAMES "@rx (?i)union.*select" "id:1,phase:2,pass,capture,t:urlDecodeUni,t:replaceComments,setvar:tx.score=+%{tx.critical}"
SecRule ARGS|REQUEST_HEADERS|!REQUEST_HEADERS:x "@rx [a-z]+\\s*=" "id:2,phase:2,pass,t:htmlEntityDecode,t:lowercase"
SecRule ARGS "@pm script onload java.lang passwd" "id:3,phase:2,pass,t:jsDecode,t:cssDecode,multiMatch"
SecRule ARGS "@rx <script" "id:4,phase:2,pass,t:base64Decode"
SecRule ARGS "@detectSQLi" "id:5,phase:2,pass,t:utf8toUnicode,t:urlDecodeUni,t:removeNulls"
SecRule ARGS|REQUEST_HEADERS "@detectXSS" "id:6,phase:2,pass,t:htmlEntityDecode,t:removeNulls"
SecMarker END-LEVEL
SecRule TX:level "@lt 3" "id:903,phase:2,nolog,pass,skipAfter:END-HIGH"
SecRule ARGS "@rx ." "id:7,phase:2,pass,tag:'paranoia-level/3'"
SecMarker END-HIGH
SecRule ARGS "@validateByteRange 32-126" "id:8,phase:2,pass,tag:'paranoia-level/2'"
SecRule ARGS "@validateUrlEncoding" "id:9,phase:2,pass"
SecRule ARGS "@validateUtf8Encoding" "id:10,phase:2,pass"
SecRule REQUEST_FILENAME|ARGS "@contains /etc" "id:11,phase:2,pass,t:normalizePath"
SecRule ARGS "@rx ^$" "id:12,phase:2,pass,t:trim"
SecRule ARGS "@rx cmd" "id:13,phase:2,pass,t:cmdLine,chain"
  SecRule MATCHED_VARS "@rx a" "t:none"
SecRule ARGS "!@rx ^[a-z]*$" "id:14,phase:2,pass"
SecRule ARGS "@endsWith a" "id:15,phase:2,pass,t:removeWhitespace,t:removeCommentsChar"
SecRule TX:score "@ge 5" "id:16,phase:2,pass"
SecRule REQUEST_HEADERS "@rx a" "id:17,phase:1,pass"
SecRule REQUEST_HEADERS:X-Test "@rx <script" "id:18,phase:2,pass,t:base64Decode"
SecRule REQUEST_HEADERS:x-test "@rx \\.\\./" "id:19,phase:2,pass,t:urlDecode,t:jsDecode"
SecRule REQUEST_HEADERS:/test/ "@contains union" "id:20,phase:2,pass,t:lowercase,t:replaceComments"
SecRule REQUEST_COOKIES|REQUEST_COOKIES_NAMES "@pm script union" "id:21,phase:1,pass,t:htmlEntityDecode,t:lowercase,t:jsDecode"
SecRule REQUEST_COOKIES:a "@streq a" "id:22,phase:2,pass,t:trim,t:lowercase"
SecRule REQUEST_COOKIES:a "@beginsWith a" "id:23,phase:2,pass,t:trim,t:lowercase"
SecRule REQUEST_COOKIES:a|REQUEST_HEADERS "!@contains a" "id:24,phase:2,pass,t:trim,t:lowercase"
SecRule REQUEST_HEADERS:x-test "@within a cmd union /*x*/" "id:25,phase:1,pass,t:lowercase"
SecRule REQUEST_HEADERS:x-test|REQBODY_ERROR "@eq 1" "id:26,phase:2,pass"
SecRule REQUEST_HEADERS:x-test "!@ge 1" "id:27,phase:1,pass,t:length"
SecRule REQUEST_COOKIES "@detectSQLi" "id:28,phase:2,pass"
SecRule REQUEST_COOKIES "@detectSQLi text" "id:29,phase:2,pass"
SecRule REQUEST_COOKIES "!@detectXSS" "id:30,phase:2,pass,multiMatch,t:urlDecodeUni"
SecRule REQUEST_METHOD|REQUEST_PROTOCOL "!@within %{tx.level} POST" "id:31,phase:1,pass"
SecRule REQUEST_HEADERS_NAMES "!@pm host cookie" "id:32,phase:2,pass,capture"
`

function sameMatches(sources: readonly RuleSource[], runs: number): void {
  const ports = sources.some(source => 'path' in source) ? nodePorts() : testPorts()
  const problems = new ProblemList()
  const plain = buildProgram({ rules: sources, ports }, problems).program
  const loaded = loadProgram({ rules: sources, ports })
  assert.ok(loaded.ok)
  const send = (transaction: WafTransaction, request: readonly [string, string, string]) => {
    transaction.uri(
      'POST',
      `/${encodeURI(request[0].replaceAll('\ud83d', ''))}?q=${encodeURIComponent(request[1])}&${request[2]}`,
      'HTTP/1.1',
    )
    transaction.requestHeader('Host', 'example.com')
    transaction.requestHeader('X-Test', request[2])
    transaction.requestHeader('Cookie', `a=${request[1]}`)
    transaction.requestHeader('Content-Type', 'application/x-www-form-urlencoded')
    transaction.requestHeaders()
    transaction.requestBody(Buffer.from(`f=${request[2]}&g=${request[0]}`))
    transaction.requestBodyDone()
    transaction.responseHeader('Content-Type', 'text/html')
    transaction.responseHeaders(200, 'HTTP/1.1')
    transaction.responseBody(Buffer.from(request[1]))
    transaction.responseBodyDone()
    transaction.logging()
    return transaction.matches.map(match => [match.rule.id, match.points, match.logData, match.targets])
  }
  const safe = text.map(value => value.replaceAll(/[\ud800-\udfff]/g, ''))
  fc.assert(
    fc.property(fc.tuple(safe, safe, safe), request => {
      const options = { id: 'same', full: true }
      const wanted = send(new Transaction(plain, ports, options), request)
      // Again and again: a value that is met for the second time is kept with what was found.
      for (let time = 0; time < 3; time++) {
        assert.deepEqual(send(new Transaction(loaded.program, ports, options), request), wanted)
      }
    }),
    { numRuns: runs },
  )
}

describe('with and without filter and folding the same rules match', () => {
  it('rules of our own', () => sameMatches([{ name: 'own.conf', text: ownRules }], 500))

  const debian = '/usr/share/modsecurity-crs/rules'
  const crs = existsSync(debian) ? undefined : 'the Core Rule Set (Debian package modsecurity-crs) is not installed'
  for (const paranoia of [1, 4]) {
    it(`the Core Rule Set at paranoia level ${paranoia}`, { skip: crs }, () => {
      const base = { path: join(import.meta.dirname, '../../../../rules/base.conf') }
      const setup = `SecAction "id:1,phase:1,nolog,pass,setvar:tx.paranoia_level=${paranoia},setvar:tx.crs_setup_version=334"`
      sameMatches([base, { name: 'setup.conf', text: setup }, { path: `${debian}/*.conf` }], 60)
    })
  }
})
