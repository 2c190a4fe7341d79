// The filter and the folding of constants change how fast a rule set runs and nothing else: whatever the request, the
// same rules match as when every rule is run. And what triggers and entries claim about transformations and detectors.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lowerAscii } from '../../../lib/bytes.ts'
import { detectSql } from '../../detectors/sql.ts'
import { detectXss } from '../../detectors/xss.ts'
import { nodePorts } from '../../node.ts'
import { hasByte } from '../../regex/byte-set.ts'
import { ProblemList } from '../../seclang/source.ts'
import { transformations } from '../../transforms/index.ts'
import type { RuleSource, WafTransaction } from '../../types.ts'
import { testPorts } from '../engine.test-helper.ts'
import { buildProgram, loadProgram } from '../program.ts'
import { Transaction } from '../transaction.ts'
import { alwaysTriggeredBytes, triggers } from './triggers.ts'

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
        if (trigger === 'case-only') return false
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
    })
  }
})

it('the detectors report nothing without the bytes that their entries ask for', () => {
  fc.assert(
    fc.property(text, value => {
      const harmlessXss = value.replaceAll(/[<=:"'`(]/g, '')
      const harmlessSql = value.replaceAll(/[\x00-\x2c/;<=>@^`|\xa0]/g, '').replaceAll(/-{2,}/g, '-')
      assert.equal(detectXss(harmlessXss), undefined, harmlessXss)
      assert.equal(detectSql(harmlessSql), undefined, harmlessSql)
    }),
    { numRuns: 2000 },
  )
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
      assert.deepEqual(
        send(new Transaction(loaded.program, ports, options), request),
        send(new Transaction(plain, ports, options), request),
      )
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
