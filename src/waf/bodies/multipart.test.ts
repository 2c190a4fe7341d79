import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { limits } from './limits.test-helper.ts'
import { parseMultipart } from './multipart.ts'
import type { MultipartFlags } from './types.ts'

const type = 'multipart/form-data; boundary=XX'
const field = (disposition: string, value = 'v') =>
  `--XX\r\nContent-Disposition: ${disposition}\r\n\r\n${value}\r\n--XX--\r\n`

describe('multipart bodies', () => {
  test('a field and a file', () => {
    const body =
      '--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nline 1\r\nline 2\r\n' +
      '--XX\r\nContent-Disposition: form-data; name="f"; filename="x \\"y\\".php"\r\nContent-Type: text/plain\r\n\r\n<?php\r\n--XX--\r\n'
    const parsed = parseMultipart(body, type, limits)
    assert.equal(parsed.error, undefined)
    assert.deepEqual(set(parsed.flags), [])
    assert.deepEqual(parsed.parts, [
      {
        name: 'a',
        filename: undefined,
        headers: ['Content-Disposition: form-data; name="a"'],
        contentType: '',
        value: 'line 1\r\nline 2',
      },
      {
        name: 'f',
        filename: 'x "y".php',
        headers: ['Content-Disposition: form-data; name="f"; filename="x \\"y\\".php"', 'Content-Type: text/plain'],
        contentType: 'text/plain',
        value: '<?php',
      },
    ])
  })

  test('empty values, an empty file, no line break at the end', () => {
    const parsed = parseMultipart(
      '--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--XX\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--XX--',
      type,
      limits,
    )
    assert.equal(parsed.error, undefined)
    assert.deepEqual(set(parsed.flags), [])
    assert.deepEqual(
      parsed.parts.map(part => [part.name, part.filename, part.value]),
      [
        ['a', undefined, ''],
        ['f', '', ''],
      ],
    )
  })

  const boundaries: readonly [contentType: string, flags: string[], error: RegExp | undefined][] = [
    ['multipart/form-data; boundary="XX"', ['boundaryQuoted'], undefined],
    ['multipart/form-data; boundary =XX', ['boundaryWhitespace'], undefined],
    ['multipart/form-data boundary=XX', ['missingSemicolon'], undefined],
    ['multipart/form-data; boundary=XX; charset=utf-8', [], undefined],
    ['multipart/form-data; charset=utf-8; boundary=XX', [], undefined],
    ['multipart/form-data', [], /no boundary/],
    ['multipart/form-data; BOUNDARY=XX', [], /lower case/],
    ['multipart/form-data; boundary=XX; boundary=YY', [], /more than one/],
    ['multipart/form-data; boundary="XX', [], /quoted at one end/],
    ['multipart/form-data; boundary=', [], /empty/],
    ['multipart/form-data; boundary=X<X', [], /does not allow/],
    ['multipart/form-data; x y; boundary=XX', [], /stands before/],
    ['multipart/mixed; boundary=XX', [], /not multipart/],
    [`multipart/form-data; boundary=${'X'.repeat(2000)}`, [], /too long/],
  ]
  for (const [contentType, flags, error] of boundaries) {
    test(contentType.slice(0, 60), () => {
      const parsed = parseMultipart(field('form-data; name="a"'), contentType, limits)
      assert.deepEqual(set(parsed.flags), flags)
      if (error) assert.match(parsed.error?.message ?? '', error)
      else assert.deepEqual([parsed.error, parsed.parts[0]?.name], [undefined, 'a'])
    })
  }

  const dispositions: readonly [
    disposition: string,
    name: string,
    filename: string | undefined,
    flags: string[],
    error: RegExp | undefined,
  ][] = [
    ['form-data; name="a;b"; filename="c=d"', 'a;b', 'c=d', [], undefined],
    ['form-data; name="a"; filename="f"; filename*=UTF-8\'\'%e2%82%ac', 'a', 'f', [], undefined],
    ["form-data; name='a'", 'a', undefined, ['invalidQuoting'], undefined],
    ["form-data; name=a'b", "a'b", undefined, ['invalidQuoting'], undefined],
    ['form-data; name="a"b"', 'a', undefined, ['invalidQuoting'], /bytes after/],
    ['form-data; name="a', 'a', undefined, ['invalidQuoting'], /open quote/],
    ['form-data; name="a"; name="b"', 'a', undefined, [], /twice/],
    ['form-data; name="a"; filename="b"; filename="c"', 'a', 'b', [], /twice/],
    ['form-data; name="a"; filename*=UTF-8\'\'x%2ephp', 'a', 'x.php', [], /without filename/],
    ['form-data; name="a"; filename=x; filename*=\'\'x', 'a', 'x', [], /RFC 5987/],
    ['form-data; name="a"; foo=1', 'a', undefined, [], /unknown/],
    ['form-data; NAME="a"', 'a', undefined, [], /upper case/],
    ['form-data; name="a";', 'a', undefined, [], /semicolon/],
    ['form-data', '', undefined, ['invalidPart'], /no name/],
    ['attachment; name="a"', 'a', undefined, [], /form-data/],
  ]
  for (const [disposition, name, filename, flags, error] of dispositions) {
    test(disposition, () => {
      const parsed = parseMultipart(field(disposition), type, limits)
      assert.deepEqual([parsed.parts[0]?.name, parsed.parts[0]?.filename], [name, filename])
      assert.deepEqual(set(parsed.flags), flags)
      if (error) assert.match(parsed.error?.message ?? '', error)
      else assert.equal(parsed.error, undefined)
    })
  }

  const head = '--XX\r\nContent-Disposition: form-data; name="a"\r\n'
  const bodies: readonly [title: string, body: string, flags: string[], error: RegExp | undefined, values: string[]][] =
    [
      ['data before', `x\r\n${head}\r\nv\r\n--XX--\r\n`, ['dataBefore'], undefined, ['v']],
      ['data after', `${head}\r\nv\r\n--XX--\r\nx`, ['dataAfter'], undefined, ['v']],
      ['line feeds alone', `${head}\r\nv\r\n--XX--\r\n`.replaceAll('\r', ''), ['lfLine'], undefined, ['v']],
      ['both line ends', `${head}\r\nv\n--XX--\r\n`, ['lfLine', 'crlfLfMixed'], undefined, ['v']],
      [
        'folding',
        `--XX\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\nv\r\n--XX--\r\n`,
        ['headerFolding'],
        undefined,
        ['v'],
      ],
      [
        'folding with VT',
        `--XX\r\nContent-Disposition: form-data;\r\n\vname="a"\r\n\r\nv\r\n--XX--\r\n`,
        ['headerFolding', 'invalidHeaderFolding'],
        undefined,
        ['v'],
      ],
      ['no data line', `${head}\r\n--XX--\r\n`, ['invalidPart'], undefined, ['']],
      [
        'a boundary within headers',
        `${head}--XX\r\nContent-Disposition: form-data; name="b"\r\n\r\nw\r\n--XX--`,
        ['invalidPart'],
        undefined,
        ['', 'w'],
      ],
      [
        'a foreign boundary last',
        `${head}\r\nv\r\n--XX\r\nContent-Disposition: form-data; name="b"\r\n\r\nw\r\n--YY--`,
        ['unmatchedBoundary'],
        /no final/,
        ['v', 'w\r\n--YY--'],
      ],
      ['dashes within data', `${head}\r\n--no\r\nv\r\n--XX--`, [], undefined, ['--no\r\nv']],
      ['no final boundary', `${head}\r\n<script>`, [], /no final/, ['<script>']],
      ['longer than the boundary', `${head}\r\nv\r\n--XXY\r\n--XX--`, [], /goes on/, ['v\r\n--XXY']],
      ['white space behind a boundary', `${head}\r\nv\r\n--XX-- \r\n`, [], /white space/, ['v']],
      [
        'no Content-Disposition',
        '--XX\r\nX: y\r\n\r\n<script>\r\n--XX--',
        ['invalidPart'],
        /without Content-Disposition/,
        ['<script>'],
      ],
      ['a header twice', `${head}content-disposition: form-data; name="b"\r\n\r\nv\r\n--XX--`, [], /twice/, ['v']],
      ['a NUL in a header', '--XX\r\nContent-Disposition: form-data; name="a\0"\r\n\r\nv\r\n--XX--', [], /NUL/, ['v']],
      ['no boundary', 'hello', ['dataBefore'], /no boundary/, []],
      ['empty', '', [], /empty/, []],
    ]
  for (const [title, body, flags, error, values] of bodies) {
    test(title, () => {
      const parsed = parseMultipart(body, type, limits)
      assert.deepEqual(set(parsed.flags), flags)
      assert.deepEqual(
        parsed.parts.map(part => part.value),
        values,
      )
      if (error) assert.match(parsed.error?.message ?? '', error)
      else assert.equal(parsed.error, undefined)
    })
  }

  test('bounds', () => {
    const part = `${head}\r\nv\r\n`
    assert.equal(parseMultipart(`${part.repeat(200)}--XX--`, type, limits).error, undefined)
    const past = parseMultipart(`${part.repeat(201)}--XX--`, type, limits)
    assert.deepEqual([past.parts.length, past.flags.fileLimitExceeded], [200, true])
    assert.match(past.error?.message ?? '', /more than 200/)
    assert.match(
      parseMultipart(`--XX\r\nA: ${'x'.repeat(5000)}\r\n\r\n`, type, limits).error?.message ?? '',
      /too long/,
    )
  })

  test('no bytes make it throw or take long', () => {
    const piece = fc.constantFrom(
      '--XX',
      '--',
      '\r\n',
      '\n',
      '\r',
      'Content-Disposition: form-data',
      '; name="',
      '"',
      "'",
      'a',
      ' ',
      '\0',
      'filename*=',
      "UTF-8''%4",
      '--XX--\r\n',
      ':',
      '=',
      ';',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
        const body = pieces.join('')
        const parsed = parseMultipart(body, type, limits)
        const size = parsed.parts.reduce((sum, part) => sum + part.value.length, 0)
        assert.ok(size <= body.length)
      }),
      { numRuns: 1000 },
    )
    for (const line of ['--', '--X\r\n', '\n--', '--XX', 'a: b\r\n', ' \r\n']) {
      const start = performance.now()
      parseMultipart(`${head}\r\n${line.repeat(500_000)}`, type, limits)
      parseMultipart(`--XX\r\n${line.repeat(500_000)}`, type, limits)
      assert.ok(performance.now() - start < 3000, line)
    }
  })
})

function set(flags: MultipartFlags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => (value ? [name] : []))
}
