import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CertificateRule, certificateFault } from './certificate-rule.ts'

const presented = (names: string[] = []) => ({
  certificate: { subject: 'CN=a', names, spiffeId: undefined, fingerprint: 'f', der: new Uint8Array() },
  serials: ['1', '2', '3'],
  issuers: ['middle', 'root'],
})

const rule = (change: Partial<CertificateRule> = {}): CertificateRule => ({
  authorities: new Set(['root']),
  revoked: undefined,
  names: [],
  ...change,
})

const list = (serials: string[], endsMs = 1000) => ({ serials: new Set(serials), endsMs })

for (const [name, wanted, names, fault] of [
  ['of the authority', rule(), [], undefined],
  ['of one in between', rule({ authorities: new Set(['middle']) }), [], undefined],
  ['of another', rule({ authorities: new Set(['other']) }), [], /another authority/],
  ['on no list', rule({ revoked: new Map([['middle', list(['9'])]]) }), [], undefined],
  ['on the list', rule({ revoked: new Map([['middle', list(['1'])]]) }), [], /taken back/],
  [
    'an issuer is on the list',
    rule({
      revoked: new Map([
        ['middle', list([])],
        ['root', list(['2'])],
      ]),
    }),
    [],
    /taken back/,
  ],
  ['on the list of another issuer', rule({ revoked: new Map([['middle', list(['2'])]]) }), [], undefined],
  ['no list of its issuer', rule({ revoked: new Map([['root', list([])]]) }), [], /no revocation list/],
  ['an old list', rule({ revoked: new Map([['middle', list([], 500)]]) }), [], /out of date/],
  ['a name', rule({ names: ['DNS:a.example'] }), ['DNS:b.example', 'DNS:a.example'], undefined],
  ['no such name', rule({ names: ['DNS:a.example'] }), ['DNS:b.example'], /none of the names/],
  ['a name of another kind', rule({ names: ['DNS:a.example'] }), ['URI:a.example'], /none of the names/],
  ['one label', rule({ names: ['DNS:*.example'] }), ['DNS:A.Example'], undefined],
  ['two labels', rule({ names: ['DNS:*.example'] }), ['DNS:a.b.example'], /none of the names/],
  ['a path below', rule({ names: ['URI:spiffe://x/*'] }), ['URI:spiffe://x/a/b'], undefined],
  ['a longer domain', rule({ names: ['URI:spiffe://x/*'] }), ['URI:spiffe://x.evil/a'], /none of the names/],
] as const) {
  test(`certificate rule: ${name}`, () => {
    const got = certificateFault(wanted, presented([...names]), 500)
    if (fault) assert.match(got ?? '', fault)
    else assert.equal(got, undefined)
  })
}
