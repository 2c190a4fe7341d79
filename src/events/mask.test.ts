import assert from 'node:assert/strict'
import { test } from 'node:test'
import { excerpt } from './excerpt.ts'
import { isSecretPlace, maskText } from './mask.ts'

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl'

const texts: [string, string][] = [
  ['q=shoes&page=2', 'q=shoes&page=2'],
  ['user=ann&password=hunter2&x=1', 'user=ann&password=[masked]&x=1'],
  ['user[password]=hunter2', 'user[password]=[masked]'],
  ['newPassword=a%20b', 'newPassword=[masked]'],
  ['client_secret=abc&access_token=def', 'client_secret=[masked]&access_token=[masked]'],
  ['{"user":"ann","password":"hun ter\\"2","x":1}', '{"user":"ann","password":"[masked]","x":1}'],
  ['{"api_key": "k-1", "pin": 1234}', '{"api_key": "[masked]", "pin": [masked]}'],
  ['{\\"password\\":\\"hunter2\\"}', '{\\"password\\":\\"[masked]\\"}'],
  ['user[token]=abc&user[pin]=1&auth[token][0]=x', 'user[token]=[masked]&user[pin]=[masked]&auth[token][0]=[masked]'],
  ['user%5Bpassword%5D=hunter2&user%5bpin%5d=1', 'user%5Bpassword%5D=[masked]&user%5bpin%5d=[masked]'],
  ['p%61ssword=hunter2', 'p%61ssword=[masked]'],
  ['%7B%22password%22%3A%22hunter2%22%7D', '%7B%22password%22%3A%22[masked]%22%7D'],
  ["password='hunter 2' x", "password='[masked]' x"],
  ["{'password': 'hunter 2', 'x': 1}", "{'password': '[masked]', 'x': 1}"],
  ['<u:Password Type="a">hunter 2</u:Password><x>y</x>', '<u:Password Type="a">[masked]</u:Password><x>y</x>'],
  ['<pin><![CDATA[12]]></pin>', '<pin><![CDATA[[masked]</pin>'],
  ['Authorization: Basic dXNlcjpwYXNz', '[masked]'],
  ['Cookie: session=abc; theme=dark', '[masked]'],
  [`x ${jwt} y`, 'x [masked] y'],
  [`q=${jwt}`, 'q=[masked]'],
  ['pay 4111 1111 1111 1111 now', 'pay [masked] now'],
  ['pay 4111111111111111', 'pay [masked]'],
  ['order 4111111111111112', 'order 4111111111111112'],
  ['id=1234567890123456789012345', 'id=1234567890123456789012345'],
  ['https://user:pass@host/', 'https[masked]host/'],
  ['ghp_0123456789abcdefABCDEF', '[masked]'],
  ['mk_live_LLAd8Vcj9bX7kDyHvvtGVq7taq3_3dpHAe', '[masked]'],
  ['x=mcs_SulNK64yJTm8CWMbs1jgOsPRi9NRyn8jFuT1l5VLxvd_3Pdjrs;', 'x=[masked];'],
  ['the mk_live_ key', 'the mk_live_ key'],
  ["1' OR '1'='1", "1' OR '1'='1"],
  ['<script>alert(1)</script>', '<script>alert(1)</script>'],
  ['monkey=1&author=x&passage=2&passenger=3', 'monkey=1&author=x&passage=2&passenger=3'],
]
for (const [text, want] of texts) test(`masks ${text}`, () => assert.equal(maskText(text), want))

const places: [string, boolean][] = [
  ['REQUEST_HEADERS:Authorization', true],
  ['REQUEST_HEADERS:x-api-key', true],
  ['RESPONSE_HEADERS:Set-Cookie', true],
  ['REQUEST_HEADERS:User-Agent', false],
  ['REQUEST_COOKIES:theme', true],
  ['ARGS:password', true],
  ['ARGS:json.user.password', true],
  ['ARGS:user[token]', true],
  ['ARGS:user[pin]', true],
  ['XML:/*', false],
  ['LAYERS:ARGS:pin', true],
  ['LAYERS:ARGS:q', false],
  ['LAYERS:REQUEST_COOKIES:theme', true],
  ['LAYERS:REQUEST_HEADERS:X-Api-Key', true],
  ['ARGS:q', false],
  ['ARGS_NAMES:password', false],
  ['REQUEST_BODY', false],
]
for (const [where, want] of places)
  test(`${where} is ${want ? '' : 'not '}secret`, () => assert.equal(isSecretPlace(where), want))

test('an excerpt shows what matched and where', () => {
  const value = `${'a'.repeat(500)}' union select 1${'b'.repeat(500)}`
  const { text, span } = excerpt('ARGS:q', value, [500, 516])
  assert.equal(text, `…${'a'.repeat(64)}' union select 1${'b'.repeat(64)}…`)
  assert.equal(text.slice(...(span ?? [])), "' union select 1")
})

test('a span keeps its place when a secret before it is masked', () => {
  const value = 'password=hunter2&q=<script>'
  const { text, span } = excerpt('REQUEST_BODY', value, [19, 27])
  assert.equal(text, 'password=[masked]&q=<script>')
  assert.equal(text.slice(...(span ?? [])), '<script>')
})

test('a match inside a secret is masked', () => {
  const { text, span } = excerpt('REQUEST_BODY', 'password=ab or 1=1&x=1', [9, 11])
  assert.doesNotMatch(text, /ab/)
  assert.equal(text.slice(...(span ?? [])), '[masked]')
})

test('what an attacker wrote can’t play tricks on a terminal', () => {
  const { text } = excerpt('ARGS:q', '\x1b[2Jx\r\ny\x00\xe2\x80\xae', undefined)
  assert.equal(text, '\\x1b[2Jx\\x0d\\x0ay\\x00\\u202e')
})

test('a token that is cut in two is still masked', () => {
  const { text } = excerpt(
    'REQUEST_BODY',
    `${'x'.repeat(50)} token=${'s'.repeat(3000)} ${'y'.repeat(1990)}<b>`,
    [5049, 5052],
  )
  assert.doesNotMatch(text, /sss/)
})

test('hostile text is masked in time that grows with it', () => {
  for (const piece of [
    'a',
    '"',
    'password',
    'password=',
    '"a":"',
    '4 ',
    'eyJ',
    'eyJa.',
    '://',
    '%22',
    '\\"',
    '=',
    'a=\\"',
    "a='",
    '%61=',
    '<a>',
    '<a ',
    '<pin>',
  ]) {
    const text = piece.repeat(8192 / piece.length)
    const start = process.cpuUsage()
    maskText(text)
    const tookMs = process.cpuUsage(start).user / 1000
    assert.ok(tookMs < 500, `${JSON.stringify(piece)}: ${tookMs} ms`)
  }
})
