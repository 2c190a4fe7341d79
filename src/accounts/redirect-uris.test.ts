import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewClient } from './clients.ts'
import { grantsProblem, redirectUri } from './redirect-uris.ts'

test('where users may be sent back to', () => {
  const good = [
    'https://app.example.com/cb',
    'https://app.example.com/cb?tenant=1',
    'http://127.0.0.1:4000/cb',
    'http://[::1]/cb',
    'http://localhost/cb',
    'com.example.app:/cb',
  ]
  const bad = [
    'http://app.example.com/cb',
    'https://app.example.com/cb#x',
    'https://app.example.com/cb#',
    'https://*.example.com/cb',
    'https://user:pw@app.example.com/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'app:/cb',
    '/cb',
    '',
    `https://app.example.com/${'x'.repeat(2048)}`,
  ]
  for (const uri of good) assert.equal(redirectUri.safeParse(uri).success, true, uri)
  for (const uri of bad) assert.equal(redirectUri.safeParse(uri).success, false, uri)
})

test('which grants go together', () => {
  const client = (change: Partial<NewClient>): NewClient => ({
    name: 'n',
    grants: ['authorization_code'],
    scopes: [],
    canIntrospect: false,
    redirectUris: ['https://app.example.com/cb'],
    ...change,
  })
  const cases: [Partial<NewClient>, RegExp | undefined][] = [
    [{}, undefined],
    [{ grants: ['device_code', 'refresh_token'], redirectUris: [] }, undefined],
    [{ redirectUris: [] }, /needs at least one/],
    [{ grants: ['client_credentials'] }, /only authorization_code/],
    [{ grants: ['refresh_token'], redirectUris: [] }, /comes with/],
    [{ grants: ['client_credentials'], redirectUris: [], auth: { method: 'none' } }, /needs a secret/],
  ]
  for (const [change, problem] of cases) {
    const found = grantsProblem(client(change))
    if (problem) assert.match(found ?? '', problem)
    else assert.equal(found, undefined)
  }
})
