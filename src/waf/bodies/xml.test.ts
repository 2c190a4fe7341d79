import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { limits } from './limits.test-helper.ts'
import { parseXml } from './xml.ts'

const cut: readonly [xml: string, text: string[]][] = [
  ['<a>hello <b>x</b> on', ['hello ', 'x', ' on']],
  ['<a><b c="1" d="att', ['<b c="1" d="att']],
  ['<a><![CDATA[foo <', ['<![CDATA[foo <']],
  ['<a>caf\xc3', ['caf']],
  ['<a>x</a>', ['x']],
]

describe('the start of a document', () => {
  for (const [xml, text] of cut) {
    test(xml, () => {
      const parsed = parseXml(xml, limits, true)
      assert.deepEqual([parsed.text, parsed.error], [text, undefined])
    })
  }
  test('a fault before its end is one', () => assert.ok(parseXml('<a><b></c><d>', limits, true).error))
})

describe('XML bodies', () => {
  test('text, CDATA and attributes', () => {
    const xml = `<?xml version="1.0"?>\n<a x="1 &lt; 2"><!-- no --><b>t&amp;c</b> <c y='&#x3c;'/><![CDATA[<script>]]></a>\n`
    assert.deepEqual(parseXml(xml, limits), {
      text: ['t&c', '<script>'],
      attributes: ['1 < 2', '<'],
      doctype: '',
      hasDoctype: false,
      error: undefined,
    })
  })

  test('a document type is seen and its entities are not expanded', () => {
    const xml = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'
    const parsed = parseXml(xml, limits)
    assert.equal(parsed.hasDoctype, true)
    assert.match(parsed.doctype, /file:\/\/\/etc\/passwd/)
    assert.match(parsed.error?.message ?? '', /XML: /)
    assert.doesNotMatch(parsed.text.join(), /root/)
    assert.equal(parseXml('<!DOCTYPE r [<!ENTITY', limits).hasDoctype, true)
  })

  const broken = [
    '',
    'x',
    '<a>',
    '<a></b>',
    '<a',
    '<a x=1/>',
    '<a>&nope;</a>',
    '<a/><b/>',
    '<a x="1" x="2"/>',
    '<a>\xff</a>',
  ]
  for (const xml of [...broken, '<?xml version="1.0" encoding="klingon"?><a/>']) {
    test(`refuses ${xml}`, () => assert.match(parseXml(xml, limits).error?.message ?? '', /^XML: /))
  }

  test('encodings', () => {
    const utf16 = Buffer.from('\ufeff<a>\u00e9&lt;</a>', 'utf16le').toString('latin1')
    assert.deepEqual(parseXml(utf16, limits).text, ['\xc3\xa9<'])
    const latin1 = '<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>'
    assert.deepEqual(parseXml(latin1, limits).text, ['\xc3\xa9'])
  })

  test('bounds', () => {
    const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth)
    assert.equal(parseXml(nested(64), limits).error, undefined)
    assert.match(parseXml(nested(65), limits).error?.message ?? '', /nested deeper than 64/)
    assert.match(parseXml(`<a>${'<b/>'.repeat(10_000)}</a>`, limits).error?.message ?? '', /more than 10000 nodes/)
    const lol = `<!DOCTYPE a [<!ENTITY x "${'lol'.repeat(1000)}">]><a>${'&x;'.repeat(1000)}</a>`
    assert.ok(parseXml(lol, limits).text.join('').length < 10_000)
  })

  test('no bytes make it throw', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      '/>',
      'a',
      ' x="',
      '"',
      '&lt;',
      '&x;',
      '<!DOCTYPE',
      '[',
      ']',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      '\0',
      '\xff',
      '<!--',
      '-->',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), pieces => {
        parseXml(pieces.join(''), limits)
      }),
      { numRuns: 1000 },
    )
  })
})
