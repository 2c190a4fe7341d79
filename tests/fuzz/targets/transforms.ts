// Transformations: bytes in, bytes out, no more than a few for each.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { transformations } from '../../../src/waf/transforms/index.ts'
import { input } from '../inputs.ts'
import { fuzzTarget } from '../target.ts'

const names = [...transformations.keys()]
/** utf8toUnicode writes six bytes for one, and digests have a length of their own. */
const growth = 6
const digestBytes = 64

export const transforms = [
  fuzzTarget('transform', 10_000, fc.tuple(fc.constantFrom(...names), input), ([name, value]) => {
    const transformation = transformations.get(name)
    assert.ok(transformation)
    const output = transformation.apply(value)
    assert.ok(output.length <= growth * value.length + digestBytes, `${name}: ${output.length} of ${value.length}`)
    for (let i = 0; i < output.length; i++) assert.ok(output.charCodeAt(i) <= 0xff, `${name} gave no byte`)
    assert.equal(transformation.apply(value), output, 'the same value has the same outcome')
  }),
]
