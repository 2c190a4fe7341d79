// Our own table of transformations, the identity rule, and random bytes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTransformations, transformations } from './index.ts'
import { bestFitAscii, parseUnicodeMap } from './unicode-map.ts'

type Case = readonly [name: string, input: string, output: string]

const cases = JSON.parse(readFileSync(new URL('testdata/cases.json', import.meta.url), 'utf8')) as Case[]

describe('transformations', () => {
  for (const [name, input, output] of cases) {
    test(`${name} ${input}`, () => {
      const transformation = transformations.get(name.toLowerCase())
      assert.ok(transformation)
      assert.equal(JSON.stringify(transformation.apply(bytes(input))), JSON.stringify(bytes(output)))
    })
  }

  const random = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(latin1),
    fc
      .array(fc.constantFrom(...'%u&#x\\/.*-<!>;+ \t\n"^=0aF9\xc3\x80\xf0\0[]'), { maxLength: 80 })
      .map(parts => parts.join('')),
    fc
      .array(
        fc.constantFrom(
          '%u003c',
          '&#60',
          '&lt;',
          '/*',
          '*/',
          '--',
          '-->',
          '../',
          './',
          '\\u0041',
          '\\x4',
          '0x4',
          'QQ==',
        ),
        { maxLength: 20 },
      )
      .map(parts => parts.join('')),
  )
  for (const transformation of new Set(transformations.values())) {
    test(`${transformation.name}: bytes in, bytes out, bounded, repeatable`, () => {
      fc.assert(
        fc.property(random, value => {
          const output = transformation.apply(value)
          assert.ok(output.length <= value.length * 3 + 20, `${output.length} bytes`)
          for (let i = 0; i < output.length; i++) assert.ok(output.charCodeAt(i) <= 0xff)
          assert.equal(transformation.apply(value), output)
        }),
        { numRuns: 300 },
      )
    })
  }

  test('idempotent ones are idempotent', () => {
    const names = [
      'compressWhitespace',
      'lowercase',
      'normalisePath',
      'normalisePathWin',
      'removeNulls',
      'replaceNulls',
      'trim',
    ]
    for (const name of [...names, 'removeWhitespace', 'uppercase', 'parityZero7bit', 'cmdLine']) {
      const transformation = transformations.get(name.toLowerCase())
      fc.assert(
        fc.property(random, value => {
          const once = transformation?.apply(value) ?? ''
          assert.equal(transformation?.apply(once), once)
        }),
        { numRuns: 300 },
      )
    }
  })

  test('decoders undo encoders', () => {
    const apply = (name: string, value: string) => transformations.get(name.toLowerCase())?.apply(value)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }).map(latin1), value => {
        assert.equal(apply('hexDecode', apply('hexEncode', value) ?? ''), value)
        assert.equal(apply('base64Decode', apply('base64Encode', value) ?? ''), value)
        assert.equal(apply('urlDecode', apply('urlEncode', value) ?? ''), value)
      }),
    )
  })

  test('a value of 8 MiB is transformed in linear time', () => {
    const huge = '/*../%41&#x41;\\u0041 '.repeat(400_000)
    for (const transformation of transformations.values()) {
      const start = performance.now()
      transformation.apply(huge)
      assert.ok(performance.now() - start < 5_000, transformation.name)
    }
  })
})

describe('Unicode maps', () => {
  test('best fit to ASCII', () => {
    const decode = createTransformations(bestFitAscii()).get('urldecodeuni')
    assert.equal(decode?.apply('%u2019%uff1c%u0100%u2329%u0041%u02bc'), "'<A<A'")
    assert.equal(decode?.apply('%u4e3c'), '<', 'the low byte counts where the map is silent')
  })

  test('a map file', () => {
    const text =
      '1250  (one)\n0041:42\n\n20127 (US-ASCII)\n\n00a1:21 2039:3c\n203a:3E xx:yy 10000:41\n\n20261\n00a1:41\n'
    const map = parseUnicodeMap(text, 20127)
    assert.ok(map)
    assert.deepEqual([map[0x41], map[0xa1], map[0x2039], map[0x203a]], [-1, 0x21, 0x3c, 0x3e])
    assert.equal(parseUnicodeMap(text, 1252), undefined)
  })
})

function latin1(value: Uint8Array): string {
  return Buffer.from(value).toString('latin1')
}

/** The table writes a byte as \\xHH or \\u00HH and a backslash as two. */
function bytes(text: string): string {
  return text.replace(/\\(?:\\|[xu]((?:00)?[0-9a-f]{2}))/g, (_, hex?: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : '\\',
  )
}
