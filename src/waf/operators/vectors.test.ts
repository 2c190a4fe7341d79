// Every operator against the public vectors of the rule language, when they are at hand.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readArchive, readVectors, sharedFolder, type Vector } from '../transforms/language-vectors.test-helper.ts'
import { call, compile } from './context.test-helper.ts'

/** `file#index` of vectors that this engine answers otherwise, and why. */
const exceptions: Record<string, 'load error' | 'other result' | 'other groups'> = {
  // "xxx" is no range of bytes: a mistake in a rule is an error at load here, not an empty range.
  'validateByteRange#2': 'load error',
  // As before; besides, the vector's own reader ends the value at its NUL byte and sees an empty one.
  'validateByteRange#3': 'load error',
  // 10.0.0.0/100 has more bits than an address.
  'ipMatch#16': 'load error',
  // ::ffff:255.255.255.255 is the IPv4 address it carries (lib/ip.ts), and 0:0::/80 holds no IPv4 address.
  'ipMatch#883': 'other result',
  // These list the groups of the first match alone; #20 of the same file lists those of all matches.
  'rxGlobal#10': 'other groups',
  'rxGlobal#14': 'other groups',
}

const files = readVectors('operators')

describe('public vectors of operators', {
  skip: files ? false : 'SKIPPED: no ../shared/crs (set MERLON_SHARED)',
}, () => {
  const archive = readArchive(join(sharedFolder, 'crs/secrules-language-tests.tar.gz'))
  for (const [file, vectors] of files ?? []) {
    test(file, () => {
      assert.ok(vectors.length > 0)
      for (const [index, vector] of vectors.entries()) {
        const id = `${file}#${index}`
        if (exceptions[id] === undefined || exceptions[id] === 'other groups') check(id, vector)
      }
    })
  }

  test('exceptions that are errors at load', () => {
    for (const id of Object.keys(exceptions).filter(key => exceptions[key] === 'load error')) {
      const [file = '', index = ''] = id.split('#')
      const vector = files?.get(file)?.[Number(index)]
      assert.equal(vector && compile(vector.name, vector.param).ok, false)
    }
  })

  function check(id: string, vector: Vector): void {
    const data: Record<string, string> = {}
    for (const [path, bytes] of archive ?? []) {
      if (path.endsWith('.dat')) data[`rules/${path.slice(path.lastIndexOf('/') + 1)}`] = bytes.toString('latin1')
    }
    const param = vector.param.slice(
      vector.param.lastIndexOf('test-cases/') < 0 ? 0 : vector.param.lastIndexOf('/') + 1,
    )
    const result = compile(vector.name, param, { files: data })
    assert.ok(result.ok, `${id}: ${result.ok ? '' : result.message}`)
    const withCaptures = call()
    assert.equal(result.operator.test(vector.input, withCaptures), vector.ret === 1, `${id} ${JSON.stringify(vector)}`)
    assert.equal(result.operator.test(vector.input, call({}, false)), vector.ret === 1, `${id} without captures`)
    if (vector.groups && exceptions[id] === undefined) assert.deepEqual(withCaptures.captures, vector.groups, id)
  }
})
