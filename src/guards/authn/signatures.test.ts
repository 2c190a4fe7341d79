import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isSigned } from '../../lib/jws.ts'
import { testExchange } from '../../pipeline/testing.ts'
import { componentsMax, fieldLengthMax, readSignature } from './signature-input.ts'
import { signatureBase } from './signatures.ts'
import { issuer, jwk, nowMs, nowS, open } from './testing.ts'

const ed = generateKeyPairSync('ed25519')
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const clients = {
  mc_1: { id: 'mc_1', scopes: ['read', 'role:robot'], keys: [jwk(ed.publicKey, 'ed')] },
  mc_2: {
    id: 'mc_2',
    scopes: ['read'],
    keys: [jwk(ec.publicKey, 'ec'), jwk(rsa.publicKey, 'rsa'), jwk(p384.publicKey, 'p384')],
  },
}
const origins = ['https://shop.test', 'http://shop.test']
const body = '{"a":1}'
const digestOf = (text: string, bits = 256) => `sha-${bits}=:${createHash(`sha${bits}`).update(text).digest('base64')}:`

interface Request {
  method?: string
  target?: string
  headers?: string[]
  body?: string
}

interface Signing {
  components?: string[]
  params?: string
  key?: KeyObject
  digest?: string | null
  padding?: object
  /** What is signed, when it is not what is sent. */
  about?: Request
}

/** Written for itself, not with what is tested. */
function signed(request: Request, signing: Signing = {}): string[] {
  const { method = 'GET', target = '/things?a=b', headers = [] } = { ...request, ...signing.about }
  const { components = ['@method', '@authority', '@path', '@query'], key = ed.privateKey, digest = null } = signing
  const { params = `;created=${nowS};keyid="mc_1"` } = signing
  const [path = '', query = ''] = target.split('?')
  const values: Record<string, string> = {
    '@method': method,
    '@authority': 'shop.test',
    '@path': path,
    '@query': `?${query}`,
    '@scheme': 'http',
    '@target-uri': `http://shop.test${target}`,
    '@request-target': target,
  }
  for (let i = 0; i < headers.length; i += 2) values[String(headers[i]).toLowerCase()] = String(headers[i + 1])
  const input = `(${components.map(name => `"${name}"`).join(' ')})${params}`
  const base = [...components.map(name => `"${name}": ${values[name]}`), `"@signature-params": ${input}`].join('\n')
  const signature = sign(digest, Buffer.from(base), { key, dsaEncoding: 'ieee-p1363', ...signing.padding })
  return ['Signature-Input', `sig=${input}`, 'Signature', `sig=:${signature.toString('base64')}:`]
}

function gate(options: object = {}) {
  const opened = open({ require: ['signature'], origins, ...options }, { clients })
  const send = async (request: Request, fields: string[]) => {
    const { method = 'GET', target = '/things?a=b', headers = [] } = request
    return opened.send([...headers, ...fields], { method, target, body: request.body ?? '' })
  }
  return { ...opened, send }
}

describe('signatures that are good', () => {
  const withBody: Request = {
    method: 'POST',
    headers: ['Content-Length', '7', 'Content-Type', 'application/json', 'Content-Digest', digestOf(body)],
  }
  const all = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest']
  const by2 = (kid: string, alg = '') => `;created=${nowS};keyid="mc_2#${kid}"${alg === '' ? '' : `;alg="${alg}"`}`
  const good: [string, Request, Signing][] = [
    ['Ed25519', {}, {}],
    ['with a body', withBody, { components: all }],
    ['ECDSA P-256', {}, { key: ec.privateKey, digest: 'sha256', params: by2('ec', 'ecdsa-p256-sha256') }],
    ['ECDSA P-384', {}, { key: p384.privateKey, digest: 'sha384', params: by2('p384') }],
    ['RSA PKCS #1', {}, { key: rsa.privateKey, digest: 'sha256', params: by2('rsa', 'rsa-v1_5-sha256') }],
    [
      'RSA-PSS',
      {},
      { key: rsa.privateKey, digest: 'sha512', params: by2('rsa'), padding: { padding: 6, saltLength: 64 } },
    ],
    ['by its whole target', {}, { components: ['@method', '@target-uri'] }],
    ['by its request target', {}, { components: ['@method', '@authority', '@request-target'] }],
    ['without a query', { target: '/things' }, { components: ['@method', '@authority', '@path'] }],
    [
      'with nonce, expiry and tag',
      {},
      { params: `;created=${nowS};expires=${nowS + 1};nonce="n";keyid="mc_1";tag="t"` },
    ],
  ]
  for (const [name, request, signing] of good) {
    test(name, async () => {
      const { ex, verdict } = await gate().send(request, signed(request, signing))
      assert.equal(verdict, undefined, JSON.stringify(verdict))
      assert.equal(ex.principal?.kind, 'client')
    })
  }

  test('say who it is, with the scopes and roles of the client', async () => {
    const { ex } = await gate({ scopes: ['read'] }).send({}, signed({}))
    assert.deepEqual([ex.principal?.id, ex.principal?.clientId, ex.principal?.roles], ['mc_1', 'mc_1', ['robot']])
    assert.equal((await gate({ scopes: ['write'] }).send({}, signed({}))).status, 403)
  })

  test('the body is held against its digest', async () => {
    for (const [text, digest, want] of [
      [body, digestOf(body), 200],
      [body, `${digestOf(body)}, ${digestOf(body, 512)}`, 200],
      ['{"a":2}', digestOf(body), 401],
      [body, `${digestOf(body)}, ${digestOf('{"a":2}', 512)}`, 401],
    ] as const) {
      const request = { method: 'POST', headers: ['Content-Length', '7', 'Content-Digest', digest], body: text }
      const { send, guard } = gate()
      const { ex, verdict } = await send(
        request,
        signed(request, { components: [...all.slice(0, 4), 'content-digest'] }),
      )
      assert.equal(verdict, undefined)
      const judged = await guard.onBody?.(ex)
      assert.equal(judged?.kind === 'deny' ? judged.status : 200, want, digest)
      ex.body = { ...ex.body, complete: false }
      assert.ok(await guard.onBody?.(ex), 'what is not whole can’t be hashed')
    }
  })

  test('where nobody may sign no body is waited for', () => {
    assert.equal(open({ require: ['oauth2'] }).guard.onBody, undefined)
  })
})

describe('signatures that are not', () => {
  const withBody: Request = { method: 'POST', headers: ['Content-Length', '7', 'Content-Digest', digestOf(body)] }
  const at = (params: string) => ({ params: `${params};keyid="mc_1"` })
  const bad: [string, Request, Signing, RegExp][] = [
    ['another method', {}, { about: { method: 'DELETE' } }, /wrong/],
    ['another path', {}, { about: { target: '/other?a=b' } }, /wrong/],
    ['another query', {}, { about: { target: '/things?a=c' } }, /wrong/],
    ['another key', {}, { key: generateKeyPairSync('ed25519').privateKey }, /wrong/],
    ['another algorithm', {}, { params: `;created=${nowS};keyid="mc_1";alg="ecdsa-p256-sha256"` }, /wrong/],
    ['a shared secret', {}, { params: `;created=${nowS};keyid="mc_1";alg="hmac-sha256"` }, /wrong/],
    ['an unknown client', {}, { params: `;created=${nowS};keyid="mc_9"` }, /unknown key/],
    ['an unknown key', {}, { params: `;created=${nowS};keyid="mc_1#x"` }, /unknown key/],
    ['one of several keys, unnamed', {}, { params: `;created=${nowS};keyid="mc_2"` }, /unknown key/],
    ['no method', {}, { components: ['@authority', '@path', '@query'] }, /not all covered/],
    ['no authority', {}, { components: ['@method', '@path', '@query'] }, /not all covered/],
    ['no path', {}, { components: ['@method', '@authority', '@query'] }, /not all covered/],
    ['no query', {}, { components: ['@method', '@authority', '@path'] }, /not all covered/],
    ['no digest of a body', withBody, {}, /not all covered/],
    [
      'a digest that is none',
      { ...withBody, headers: ['Content-Length', '7', 'Content-Digest', 'md5=:AAAA:'] },
      { components: ['@method', '@target-uri', 'content-digest'] },
      /malformed/,
    ],
    [
      'an encoded body',
      { ...withBody, headers: [...(withBody.headers ?? []), 'Content-Encoding', 'gzip'] },
      { components: ['@method', '@target-uri', 'content-digest'] },
      /encoded/,
    ],
    ['a header that is not there', {}, { components: ['@method', '@target-uri', 'x-absent'] }, /not there/],
    ['too old', {}, at(`;created=${nowS - 60}`), /another time/],
    ['from the future', {}, at(`;created=${nowS + 31}`), /another time/],
    ['expired', {}, at(`;created=${nowS};expires=${nowS}`), /expired/],
    ['no time', {}, at(''), /malformed/],
    ['no key id', {}, { params: `;created=${nowS}` }, /malformed/],
    ['a parameter that is not known', {}, at(`;created=${nowS};x=1`), /malformed/],
    ['a parameter twice', {}, at(`;created=${nowS};created=${nowS}`), /malformed/],
    ['a component twice', {}, { components: ['@method', '@method', '@target-uri'] }, /malformed/],
    ['a component that is not known', {}, { components: ['@method', '@target-uri', '@status'] }, /malformed/],
  ]
  for (const [name, request, signing, why] of bad) {
    test(name, async () => {
      const { status, verdict, ex, said } = await gate().send(request, signed(request, signing))
      assert.equal(status, 401)
      assert.match(verdict?.reason.detail ?? '', why)
      assert.equal(ex.principal, undefined)
      assert.deepEqual(said('www-authenticate'), ['Signature realm="api"'])
      assert.match(said('accept-signature')[0] ?? '', /"@method"/)
    })
  }

  test('just young enough, and just old enough', async () => {
    assert.equal((await gate().send({}, signed({}, at(`;created=${nowS - 59}`)))).status, 200)
    assert.equal((await gate().send({}, signed({}, at(`;created=${nowS + 30}`)))).status, 200)
  })

  test('a replay, also when the signature is another one of the same', async () => {
    const { send } = gate()
    const params = `;created=${nowS};keyid="mc_2#ec"`
    const again = () => signed({}, { key: ec.privateKey, digest: 'sha256', params })
    const first = again()
    assert.equal((await send({}, first)).status, 200)
    assert.equal((await send({}, first)).status, 401)
    assert.equal((await send({}, again())).status, 401)
    assert.equal(
      (await send({}, signed({}, { key: ec.privateKey, digest: 'sha256', params: `${params};nonce="2"` }))).status,
      200,
    )
  })

  test('for another service', async () => {
    assert.match(
      (await gate({ origins: [issuer] }).send({}, signed({}))).verdict?.reason.detail ?? '',
      /another authority/,
    )
    assert.match((await gate({ origins: [] }).send({}, signed({}))).verdict?.reason.detail ?? '', /another authority/)
  })

  test('beside another credential', async () => {
    const fields = [...signed({}), 'X-Api-Key', 'mk_x']
    assert.equal((await gate().send({}, fields)).status, 400)
  })

  test('two of them, or half of one', async () => {
    const [inputName = '', input = '', name = '', signature = ''] = signed({})
    for (const fields of [
      [inputName, input],
      [inputName, input, name, signature, name, signature],
      [inputName, `${input}, x=()`, name, signature],
      [inputName, input, name, signature.replace('sig', 'other')],
      [inputName, input, name, signature.replace('==:', ':')],
      [inputName, input.replace('" "', '"  "'), name, signature],
      [inputName, input.replace('"@path"', '"@path";req'), name, signature],
      [inputName, input.replace('created=', 'created=0'), name, signature],
    ]) {
      assert.match((await gate().send({}, fields)).verdict?.reason.detail ?? '', /malformed/, fields.join(' '))
    }
  })
})

test('certificates of registered clients', async () => {
  const { send } = open({ require: ['mtls'] }, { clients: { ab: { id: 'mc_3', scopes: [], keys: [] } } })
  assert.equal((await send([], { certificate: 'ab' })).ex.principal?.id, 'mc_3')
  const unknown = await send([], { certificate: 'cd' })
  assert.deepEqual([unknown.status, unknown.verdict?.reason.code], [403, 'authn.invalid-certificate'])
  const none = await send([])
  assert.deepEqual([none.status, none.said('www-authenticate')], [403, []])
})

// RFC 9421 appendix B.2.6, with its key of B.1.4.
test('the example of the RFC', () => {
  const x = 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs'
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const params =
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
  const signature = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=='
  const read = readSignature(`sig-b26=${params}`, `sig-b26=:${signature}:`)
  assert.ok(read)
  const headers = ['Date', 'Tue, 20 Apr 2021 02:07:55 GMT', 'Content-Type', 'application/json', 'Content-Length', '18']
  const ex = testExchange({ method: 'POST', target: '/foo?param=Value&Pet=dog', headers })
  const base = signatureBase(read, ex)?.replace('shop.test', 'example.com') ?? ''
  assert.ok(isSigned('Ed25519', key, base, read.signature))
})

test('bounds: length of the fields, number of components', () => {
  const signature = 'sig=:AAAA:'
  const input = (count: number) =>
    `sig=(${Array.from({ length: count }, (_, i) => `"h${i}"`).join(' ')});created=1;keyid="k"`
  assert.equal(readSignature(input(componentsMax), signature)?.components.length, componentsMax)
  assert.equal(readSignature(input(componentsMax + 1), signature), undefined)
  const padded = (length: number) => `sig=:${'A'.repeat(length - 6)}:`
  assert.ok(readSignature(input(1), padded(fieldLengthMax - ((fieldLengthMax - 6) % 4))))
  assert.equal(readSignature(input(1), padded(fieldLengthMax + 2)), undefined)
})

test('whatever comes as a signature is no throw', () => {
  const pieces = fc.array(
    fc.constantFrom('sig', '=', '(', ')', '"', '@method', ';', 'created', '1', ':', ' ', ',', 'keyid', 'é'),
  )
  fc.assert(
    fc.property(pieces, fc.string(), (list, text) => {
      readSignature(list.join(''), text)
      readSignature(text, list.join(''))
    }),
    { numRuns: 500 },
  )
  assert.ok(nowMs)
})
