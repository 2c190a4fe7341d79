import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { clientCertificate } from './client-certificate.ts'

const cases: [text: string, names: string[], spiffeId: string | undefined][] = [
  ['', [], undefined],
  ['DNS:a.example, IP Address:192.0.2.1', ['DNS:a.example', 'IP Address:192.0.2.1'], undefined],
  ['URI:spiffe://example.org/ns/a', ['URI:spiffe://example.org/ns/a'], 'spiffe://example.org/ns/a'],
  ['DNS:a, URI:spiffe://example.org/a', ['DNS:a', 'URI:spiffe://example.org/a'], 'spiffe://example.org/a'],
  // Two URI names are no SPIFFE identity (X509-SVID §2).
  ['URI:spiffe://a/a, URI:spiffe://a/b', ['URI:spiffe://a/a', 'URI:spiffe://a/b'], undefined],
  // Node quotes what could pretend to be another name.
  ['DNS:"a, URI:spiffe://evil/x"', ['DNS:a, URI:spiffe://evil/x'], undefined],
  ['URI:spiffe://UPPER/a', ['URI:spiffe://UPPER/a'], undefined],
  ['URI:spiffe://a', ['URI:spiffe://a'], undefined],
  ['URI:https://a/b', ['URI:https://a/b'], undefined],
  ['URI:spiffe://a/b?c', ['URI:spiffe://a/b?c'], undefined],
]

for (const [subjectAltName, names, spiffeId] of cases) {
  test(`names of ${subjectAltName || 'nobody'}`, () => {
    const raw = Buffer.of(1)
    const shown = { subject: 'O=Example\nCN=a', subjectAltName, fingerprint256: 'AB:CD', raw } as X509Certificate
    const want = { subject: 'O=Example, CN=a', names, spiffeId, fingerprint: 'abcd', der: raw }
    assert.deepEqual(clientCertificate(shown), want)
  })
}
