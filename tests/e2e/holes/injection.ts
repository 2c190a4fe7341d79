// Holes that run the client's words in another language: SQL, NoSQL operators, LDAP filters, the shell.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the payloads are written so

import { ask, get, type Hole, send } from './hole.ts'

const sql: readonly Hole[] = [
  {
    name: 'SQL UNION in the product search leaks passwords',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: ask('/products', 'q', "zzz' UNION SELECT id,email,password,role,0,0 FROM users -- "),
    proves: /portcullis-77/,
    benign: ask('/products', 'q', 'trade union select committee'),
  },
  {
    name: 'SQL UNION in disguise: comments for spaces, mixed case',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: ask('/products', 'q', "zzz'/**/uNiOn/*x*/aLl/**/sElEcT/**/id,email,password,role,0,0/**/fRoM/**/users--"),
    proves: /portcullis-77/,
    benign: ask('/products', 'q', 'boots -- size 42/43'),
  },
  {
    name: 'SQL boolean blind: a condition decides what is found',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: ask(
      '/products',
      'q',
      "wool%' AND (SELECT substr(password,1,1) FROM users WHERE id=1)='p' AND 'a' LIKE '%a",
    ),
    proves: /"Wool socks"/,
    benign: ask('/products', 'q', 'torch'),
  },
  {
    name: 'SQL in a second parameter: always true',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: get("/products?q=&category=shoes'%20OR%20'1'%3D'1"),
    proves: /"Iron key ring"/,
    benign: get('/products?q=boots&category=shoes'),
  },
  {
    name: 'SQL in a part of the path',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: get('/products/0%20UNION%20SELECT%20id,email,password,card,role,0%20FROM%20users%20LIMIT%201'),
    proves: /portcullis-77/,
    benign: get('/products/3'),
  },
  {
    name: 'SQL reads the schema',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: ask('/products', 'q', "zzz' UNION SELECT 1,name,sql,4,5,6 FROM sqlite_master-- -"),
    proves: /CREATE TABLE users/,
    benign: ask('/products', 'q', 'table for a tent'),
  },
  {
    name: 'SQL comment in the login: in as the admin without a password',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: send('POST', '/login', { email: "ada@postern.example' -- ", password: 'x' }),
    proves: /"role":"admin"/,
    benign: send('POST', '/login', { email: 'bob@mail.example', password: 'builder-9' }),
  },
  {
    name: 'SQL tautology in the password',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: send('POST', '/login', { email: 'nobody@mail.example', password: "' OR 1=1 -- " }),
    proves: /"role":"admin"/,
    benign: send('POST', '/login', { email: 'alice@mail.example', password: 'wonderland' }),
  },
  {
    name: 'SQL by JSON escapes',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: {
      ...send('POST', '/login', {}),
      body: '{"email":"x","password":"\\u0027 \\u004fR \\u0031=1 \\u002d\\u002d "}',
    },
    proves: /"role":"admin"/,
    benign: { ...send('POST', '/login', {}), body: '{"email":"chloe\\u0040mail.example","password":"croissant"}' },
  },
  {
    name: 'SQL through an argument of GraphQL',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: send('POST', '/graphql', {
      query: '{ products(search: "zzz\' UNION SELECT id,email,password,role,0,0 FROM users -- ") { name category } }',
    }),
    proves: /portcullis-77/,
    benign: send('POST', '/graphql', { query: '{ products(search: "select wool") { name category } }' }),
  },
  {
    name: 'SQL through a variable of GraphQL',
    kind: 'sqli',
    stoppedBy: 'waf',
    attack: send('POST', '/graphql', {
      query: 'query Find($words: String) { products(search: $words) { name category } }',
      variables: { words: "' UNION SELECT id,card,password,email,0,0 FROM users -- " },
    }),
    proves: /4000 0027 6000 3184/,
    benign: send('POST', '/graphql', {
      query: 'query Find($words: String) { products(search: $words) { name price } }',
      variables: { words: 'lantern' },
    }),
  },
]

const documents: readonly Hole[] = [
  {
    name: 'NoSQL operators in JSON: every user but nobody',
    kind: 'nosqli',
    stoppedBy: 'waf',
    attack: send('POST', '/users/find', { email: { $ne: null }, password: { $ne: null } }),
    proves: /Ada Keeper.*Bob Tanaka/,
    benign: send('POST', '/users/find', { email: 'bob@mail.example' }),
  },
  {
    name: 'NoSQL operators in the query string',
    kind: 'nosqli',
    stoppedBy: 'waf',
    attack: get('/users/find?email[$ne]=x'),
    proves: /Ada Keeper.*Bob Tanaka/,
    benign: get('/users/find?email=bob@mail.example'),
  },
  {
    name: 'NoSQL pattern finds a password letter by letter',
    kind: 'nosqli',
    stoppedBy: 'waf',
    attack: send('POST', '/users/find', { name: 'Ada Keeper', password: { $regex: '^portcullis-' } }),
    proves: /"id":1/,
    benign: send('POST', '/users/find', { name: 'Bob Tanaka' }),
  },
  {
    name: 'NoSQL $where runs code',
    kind: 'nosqli',
    stoppedBy: 'waf',
    attack: send('POST', '/users/find', { $where: "this.role == 'admin' || this.password.startsWith('x')" }),
    proves: /Ada Keeper/,
    benign: send('POST', '/users/find', { name: 'Chloé Nguyen' }),
  },
]

const directory: readonly Hole[] = [
  {
    name: 'LDAP filter closed early: everybody',
    kind: 'ldapi',
    stoppedBy: 'waf',
    attack: ask('/ldap', 'user', '*)(uid=*))(|(uid=*'),
    proves: /"ada".*"grace"/,
    benign: ask('/ldap', 'user', 'grace'),
  },
  {
    name: 'LDAP filter asks for a password',
    kind: 'ldapi',
    stoppedBy: 'waf',
    attack: ask('/ldap', 'user', 'ada)(userPassword=portcullis*'),
    proves: /"uid":"ada"/,
    benign: ask('/ldap', 'user', 'jean-luc'),
  },
]

const shell: readonly Hole[] = [
  {
    name: 'a second command after ;',
    kind: 'rce',
    stoppedBy: 'waf',
    attack: ask('/ping', 'host', 'localhost; cat /etc/passwd'),
    proves: /root:x:0:0/,
    benign: ask('/ping', 'host', 'localhost'),
  },
  {
    name: 'a second command after |',
    kind: 'rce',
    stoppedBy: 'waf',
    attack: ask('/ping', 'host', 'x|id'),
    proves: /uid=33\(www-data\)/,
    benign: ask('/ping', 'host', 'status.internal'),
  },
  {
    name: 'command substitution',
    kind: 'rce',
    stoppedBy: 'waf',
    attack: ask('/ping', 'host', '$(whoami).example'),
    proves: /PING www-data\.example/,
    benign: ask('/ping', 'host', 'who-am-i.example'),
  },
  {
    name: 'a command in backticks',
    kind: 'rce',
    stoppedBy: 'waf',
    attack: ask('/ping', 'host', '`uname -a`'),
    proves: /GNU\/Linux|PING .*x86_64/,
    benign: ask('/ping', 'host', '192.0.2.7'),
  },
  {
    name: 'a command in disguise: quotes inside, $IFS for the space',
    kind: 'rce',
    stoppedBy: 'waf',
    attack: ask('/ping', 'host', "x;c'a't${IFS}/et'c'/pa\\sswd"),
    proves: /root:x:0:0/,
    benign: ask('/ping', 'host', '2001:db8::7'),
  },
  {
    name: 'a command after a line break',
    kind: 'rce',
    stoppedBy: 'waf',
    attack: ask('/ping', 'host', '127.0.0.1\n/bin/cat /srv/shop/.env'),
    proves: /SHOP_SECRET=/,
    benign: ask('/ping', 'host', '127.0.0.1'),
  },
]

export const injectionHoles: readonly Hole[] = [...sql, ...documents, ...directory, ...shell]
