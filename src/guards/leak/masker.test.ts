import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createCheckedToken } from '../../lib/checked-token.ts'
import { secretGroups, secretOpenMax } from '../../lib/secrets.ts'
import { privateKeyBytesMax, SecretMasker } from './masker.ts'

const join = (...parts: string[]) => parts.join('')
const own = createCheckedToken('mk_live', 160)
const github = join('gh', 'p_', 'a1B2'.repeat(9))
const jwt = join('eyJ', 'a'.repeat(20), '.eyJ', 'b'.repeat(40), '.', 'c'.repeat(43))
const begin = join('-----BEGIN ', 'PRIVATE KEY-----')
const end = join('-----END ', 'PRIVATE KEY-----')
const stars = (text: string, shown: number) => text.slice(0, shown) + '*'.repeat(text.length - shown)

function mask(pieces: readonly string[], groups: readonly (typeof secretGroups)[number][] = secretGroups) {
  const seen: string[] = []
  const masker = new SecretMasker(new Set(groups), ({ kind }) => seen.push(kind))
  const out = pieces.map(piece => Buffer.from(masker.push(Buffer.from(piece, 'latin1'))).toString('latin1'))
  const rest = Buffer.from(masker.end()).toString('latin1')
  return { text: out.join('') + rest, out, rest, seen }
}

const cases: [string, string, string][] = [
  ['nothing', '{"a":1}', '{"a":1}'],
  ['a key of ours', `{"key":"${own}","b":2}`, `{"key":"${stars(own, 3)}","b":2}`],
  ['at the very end', `token=${github}`, `token=${stars(github, 4)}`],
  ['two', `${github} ${jwt}`, `${stars(github, 4)} ${stars(jwt, 3)}`],
  ['a password in a URL', 'x postgres://app:hunter22@db/app', 'x postgres://***************/app'],
  ['a word that holds a prefix', `x${github}`, `x${github}`],
  ['bytes that are no text', `\xff\x00${github}\xc3\xa9`, `\xff\x00${stars(github, 4)}\xc3\xa9`],
  ['a private key', `a\n${begin}\nMIIE/+9=\nAbc=\n${end}\nMore`, `a\n${begin}\n********\n****\n${end}\nMore`],
  ['one in JSON', `"${begin}\\nMIIn\\u000aQ==\\n${end}","name":"x"`, `"${begin}\\n****\\u000a***\\n${end}","name":"x"`],
  ['one that is only spoken of', `Write "${begin}" first. Then go`, `Write "${begin}" first. Then go`],
  ['one that was encrypted', `${begin}\nProc-Type: 4\n\nQQ\n${end}`, `${begin}\n****-****: *\n\n**\n${end}`],
  ['two of them', `${begin}\nAA\n${end}\nb\n${begin}\nCC\n${end}`, `${begin}\n**\n${end}\nb\n${begin}\n**\n${end}`],
]

describe('masked, whole and in whatever pieces', () => {
  for (const [name, given, want] of cases) {
    test(name, () => {
      assert.equal(mask([given]).text, want)
      assert.equal(mask([...given]).text, want, 'letter by letter')
      for (let at = 1; at < given.length; at++) {
        assert.equal(mask([given.slice(0, at), given.slice(at)]).text, want, `cut at ${at}`)
      }
    })
  }

  test('any text, in any pieces: as it is when it comes whole, and as long', () => {
    const word = fc.oneof(
      fc.constantFrom(
        own,
        github,
        jwt,
        begin,
        end,
        'gh',
        'p_',
        'eyJ',
        '.',
        '-----',
        '://',
        'a:b@c',
        ' ',
        '"',
        '\n',
        '\\n',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }).map(text => Buffer.from(text, 'utf8').toString('latin1')),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), words => {
        const whole = words.join('')
        const { text, seen } = mask([whole])
        assert.equal(text.length, whole.length)
        const pieces = mask(words)
        assert.deepEqual([pieces.text, pieces.seen.sort()], [text, seen.sort()])
        for (const secret of [own, github, jwt]) {
          if (new RegExp(`(^|[^\\w])${secret}([^\\w.-]|$)`).test(whole)) assert.ok(seen.length > 0)
        }
      }),
      { numRuns: 300 },
    )
  })
})

test('what can’t be a secret goes on at once; what may be one waits, and no longer than it may', () => {
  assert.deepEqual(mask(['event: a\n\n', 'data: gh', 'ost\n\n']).out, ['event: a\n\n', 'data: ', 'ghost\n\n'])
  const masker = new SecretMasker(new Set(['jwt']), () => {})
  let held = 0
  for (const byte of Buffer.from(`eyJ${'a'.repeat(3 * secretOpenMax)}`)) {
    held += 1 - masker.push(Uint8Array.of(byte)).length
    assert.ok(held <= secretOpenMax, String(held))
  }
  assert.ok(held === 0, 'too long for a secret')
})

test('a private key without an end is masked as far as one goes, and not one byte more', () => {
  const { text } = mask([`${begin}\n`, 'A'.repeat(privateKeyBytesMax)])
  assert.equal(text, `${begin}\n${'*'.repeat(privateKeyBytesMax - 1)}A`)
})

test('only what is looked for', () => {
  assert.equal(mask([`${github} ${own}`], ['merlon']).text, `${github} ${stars(own, 3)}`)
})

test('a page full of secrets is masked as a whole', () => {
  const { text, seen } = mask([`${github} `.repeat(5000)])
  assert.equal(text, `${stars(github, 4)} `.repeat(5000))
  assert.equal(seen.length, 5000)
})
