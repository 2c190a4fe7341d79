import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasName } from './certificate-names.ts'
import type { CertificateName } from './client-auth.ts'

const shown = {
  subject: 'C=DE, O=Example\\, Inc, CN=billing',
  names: ['DNS:Billing.Example', 'URI:spiffe://example.org/billing', 'IP Address:192.0.2.1', 'email:a@example.org'],
  der: '',
}

const cases: [CertificateName['kind'], string, boolean][] = [
  ['dn', 'CN=billing,O=Example\\, Inc,C=DE', true],
  ['dn', 'cn=billing, o=Example\\, Inc, c=DE', true],
  ['dn', 'CN=billing,O=Example,C=DE', false],
  ['dn', 'CN=billing,O=Example, Inc,C=DE', false],
  ['dn', 'C=DE,O=Example\\, Inc,CN=billing', false],
  ['dn', 'CN=billing', false],
  ['dn', 'CN=Billing,O=Example\\, Inc,C=DE', false],
  ['dn', ',', false],
  ['dns', 'billing.example', true],
  ['dns', 'example', false],
  ['dns', 'spiffe://example.org/billing', false],
  ['uri', 'spiffe://example.org/billing', true],
  ['uri', 'spiffe://example.org/Billing', false],
  ['ip', '192.0.2.1', true],
  ['ip', '192.0.2.10', false],
  ['email', 'a@example.org', true],
  ['email', 'b@example.org', false],
]

for (const [kind, value, want] of cases) {
  test(`${kind} ${value}: ${want}`, () => assert.equal(hasName(shown, { kind, value }), want))
}
