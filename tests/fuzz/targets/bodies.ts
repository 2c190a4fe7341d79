// Body parsers: never throw, and give back no more than a few times what they were given.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseJson } from '../../../src/waf/bodies/json.ts'
import { limits } from '../../../src/waf/bodies/limits.test-helper.ts'
import { parseMultipart } from '../../../src/waf/bodies/multipart.ts'
import { parseUrlEncoded } from '../../../src/waf/bodies/urlencoded.ts'
import { parseXml } from '../../../src/waf/bodies/xml.ts'
import { input, mutated } from '../inputs.ts'
import { fuzzTarget } from '../target.ts'

const json = ['{"a":[1,2,{"b":"c\\u0041"}],"d":null,"e":"f"}', '[[[["x"]]]]', '"text"', '{"a":1,"a":2}']
const xml = ['<?xml version="1.0"?><a b="c"><d>text &amp; more</d><![CDATA[x]]><!-- y --></a>', '<a><b/></a>']
const multipart = [
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\n' +
    'Content-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\nfile\r\n--b--\r\n',
]
const types = ['multipart/form-data; boundary=b', 'multipart/form-data; boundary="b"']

function total(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

export const bodies = [
  fuzzTarget('json', 3000, fc.oneof(input, mutated(json)), body => {
    const parsed = parseJson(body, limits)
    assert.ok(parsed.arguments.length <= 2 * limits.jsonKeys)
    // A name holds the names of all above it.
    for (const part of parsed.arguments) assert.ok(part.length <= 16 * limits.jsonDepth + 2 * body.length)
  }),
  fuzzTarget('urlencoded', 3000, fc.oneof(input, mutated(['a=1&b=%41%zz&c&=d&a=+'])), body => {
    assert.ok(total(parseUrlEncoded(body, '&', 1000).arguments) <= body.length)
  }),
  fuzzTarget('xml', 3000, fc.oneof(input, mutated(xml)), body => {
    for (const isCut of [false, true]) {
      const parsed = parseXml(body, limits, isCut)
      assert.ok(total(parsed.text) + total(parsed.attributes) <= 2 * body.length + 16)
    }
  }),
  fuzzTarget(
    'multipart',
    3000,
    fc.tuple(fc.oneof(input, mutated(multipart)), fc.oneof(input, mutated(types))),
    ([body, type]) => {
      const { parts } = parseMultipart(body, type, limits)
      assert.ok(parts.length <= limits.multipartParts)
      assert.ok(total(parts.map(part => part.value)) <= body.length)
    },
  ),
]
