// Honest requests that look like attacks to careless rules, written for this project.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: people write templates

export interface Honest {
  readonly name: string
  readonly values: readonly string[]
}

const readme = [
  '# tiny-queue',
  '',
  '[![build](https://img.example.com/build.svg)](https://ci.example.com) [![npm](https://img.example.com/npm.svg)](https://npm.example.com)',
  '',
  'A tiny queue for Node.js and browsers; no dependencies, < 1 kB.',
  '',
  '```sh',
  'npm install --save tiny-queue',
  'cd examples && node basic.js | grep done',
  '```',
  '',
  '```js',
  "const { Queue } = require('tiny-queue')",
  'const queue = new Queue({ limit: 10, retry: (n) => n < 3 })',
  "queue.on('error', err => { console.error(`failed: ${err.message}`); process.exit(1) })",
  'for (const item of [1, 2, 3]) queue.push(async () => { await fetch(`/items/${item}`) })',
  '```',
  '',
  '| Option | Type | Default |',
  '| --- | --- | --- |',
  '| `limit` | number | `Infinity` |',
  '| `retry` | function | () => false |',
  '',
  '<p align="center"><img src="./logo.svg" width="120" alt="logo"></p>',
  '',
  'See [`../docs/api.md`](../docs/api.md) & [the wiki](https://wiki.example.com/?a=1&b=2#top).',
].join('\n')

const tutorial = [
  'In SQL, SELECT reads rows: SELECT name, price FROM products WHERE price > 10 ORDER BY price DESC;',
  'UNION puts the rows of two queries under each other, and the number of columns has to be the same.',
  "A string stands in single quotes, as in WHERE city = 'Paris'; to write O'Reilly, double the quote: 'O''Reilly'.",
  'DELETE without WHERE deletes all rows. Never build statements from what users type; use parameters instead.',
].join('\n')

export const honest: readonly Honest[] = [
  {
    name: 'names',
    values: [
      "O'Reilly",
      "Siobhán O'Connor-D'Arcy",
      'Müller & Söhne GmbH',
      'AT&T',
      "L'Oréal",
      'Dr. Smith (Jr.)',
      'J. R. "Bob" Dobbs',
      "N'Golo Kanté",
      'Null',
      'Union & Select Staffing',
      "Rock 'n' Roll",
      'Jean-Luc Executive',
      "D'Angelo; Hair & Beauty",
      '李小龍',
      '<3 Anna',
    ],
  },
  {
    name: 'searches',
    values: [
      'select all from a list',
      'union station or central',
      '1 or 2 bedrooms',
      'c# vs c++',
      'where is the drop table command explained',
      "what's new & what's next?",
      'price < 100 and size > 40',
      '"exact phrase" -without',
      'how to kill a process in linux',
      'cat and dog food',
      'ping pong table',
      'sleep mask',
      'order by phone',
      'id card holder',
      'find my device',
      'script font',
      'alert system for seniors',
      'java.lang.NullPointerException',
      'error: cannot open file',
      'admin/login problem',
      '50% off; today only',
      'A & B | C',
      'rm size 10 (wide)',
      'curl cream',
      'echo dot 5',
      'exec chair',
      'net 30 terms',
      'type c cable',
      'host family',
      '../ meaning',
      'user@example.com',
    ],
  },
  { name: 'a README', values: [readme] },
  { name: 'an SQL tutorial', values: [tutorial] },
  {
    name: 'code review',
    values: [
      'nit: `if (a && b)` is enough here; the || below is dead code.',
      'Why `SELECT *`? Please list the columns (id, name) and add an index on user_id.',
      'This leaks: `res.send(err.stack)`. Use next(err) instead :)',
      '```diff\n- const a = foo(1);\n+ const a = await foo(1);\n```\nLGTM otherwise!',
      'The regex /^[\\w.-]+@[\\w-]+\\.\\w+$/ backtracks on "a".repeat(50); see https://example.com/redos?x=1#why',
      'I get `TypeError: x is not a function` at app.js:12:5 when running `npm test -- --watch`.',
    ],
  },
  {
    name: 'tokens and binary text',
    values: [
      'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkFubmEgTy4iLCJpYXQiOjE3MTYyMzkwMjIsInNjb3BlIjoib3BlbmlkIHByb2ZpbGUifQ.c2lnbmF0dXJlLW9mLW5vYm9keS1hdC1hbGw',
      'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----',
      '3fa85f64-5717-4562-b3fc-2c963f66afa6',
      'Basic aW50ZWdyYXRpb246c2VjcmV0',
      'v=1;k=a1b2c3;sig=MEUCIQDx+z/4==',
    ],
  },
  {
    name: 'GraphQL',
    values: [
      'query Products($first: Int!, $after: String) { products(first: $first, after: $after) { edges { cursor node { ...Card } } pageInfo { hasNextPage endCursor } } } fragment Card on Product { id title price { amount currency } images(first: 3) { url alt } __typename }',
      'mutation AddToCart($input: AddInput!) { addToCart(input: $input) { cart { id total items { id quantity product { id title } } } errors { field message } } }',
      'subscription { orderChanged(id: "42") { id status __typename } }',
      '{ me { id name orders(last: 5) { id total } } featured: products(tag: "new") { id } sale: products(tag: "sale") { id } }',
    ],
  },
  {
    name: 'templates and expressions',
    values: [
      'Hello {{first_name}}, your order {{ order.number }} is on its way.',
      '${amount} due on ${date}',
      '{{#if vip}}Thanks!{{/if}}',
      '%FIRSTNAME% %LASTNAME%',
      '=SUM(A1:B2)/COUNT(C:C)',
      '$.store.book[*].author',
      'status:open AND (label:bug OR label:"help wanted") -author:bot',
      "name eq 'Anna' and age gt 30",
      '0 */5 * * 1-5',
      '^\\+?[0-9 ()-]{7,20}$',
      '>=1.2.3 <2.0.0 || ^3',
    ],
  },
  {
    name: 'URLs and paths',
    values: [
      'https://example.com/a/b?x=1&y=2#z',
      'https://shop.example.com/search?q=red+shoes&utm_source=mail',
      '/account/orders?page=2',
      'images/2026/03/photo (1).jpg',
      './src/components/Button.tsx',
      'C:\\Users\\anna\\Documents\\report.docx',
      'mailto:anna@example.com?subject=Hi',
      's3://bucket/key/part-0001.parquet',
      'urn:isbn:0451450523',
      '//cdn.example.com/lib.js',
      'app://callback?code=abc',
      'https://xn--mnchen-3ya.example/%C3%BC',
    ],
  },
  {
    name: 'markup that does nothing',
    values: [
      '<p>Hello <b>world</b></p>',
      '<h1>Title</h1>\n<ul><li>One</li><li>Two</li></ul>',
      'a <b> c',
      '<a href="https://example.com/">link</a>',
      '<br/>',
      '<img src="https://cdn.example.com/a.png" alt="A picture">',
      '<table><tr><td>1</td></tr></table>',
      '<!-- a comment -->',
      '&lt;div&gt; &amp; &quot;quotes&quot;',
    ],
  },
  {
    name: 'chat',
    values: [
      "I can't; you go ahead :)",
      'lol; ok... see u @ 5 (or 6)',
      'He said "it\'s fine" -- and left.',
      'Tom & Jerry; Ben & Jerry',
      '1) eggs 2) milk; 3) bread',
      '*bold* _it_ ~strike~ `code`',
      '¯\\_(ツ)_/¯',
      '100% agree!!! #yes',
      'a=b, b=c => a=c',
      "rock'n'roll | jazz | blues",
      'Call +44 (0)20 7946 0018; ext. 3',
      'WHERE are you? SELECT a seat; UNION station at 5',
      "it's 1 or 1=1 of those days",
    ],
  },
  {
    name: 'texts about code, in many lines',
    values: [
      '# Setup on Windows\n\nOpen PowerShell as administrator.\n\n```powershell\nSet-ExecutionPolicy RemoteSigned\nInvoke-WebRequest https://example.com/setup.ps1 -OutFile setup.ps1\n.\\setup.ps1\n```\n\nThen restart; type `net start` to check.\n\nThat is all.\n',
      '# Queries\n\nThe driver takes objects:\n\n```js\nusers.find({ age: { $gt: 21 }, name: { $in: ["a", "b"] } })\n```\n\nOperators such as $regex are slow without an index.\n\nSee also aggregation ($match, $group).\n\nDone.\n',
      'Templates in our mails:\n\n- {{ first_name }} is the name\n- {{ order.total | currency }} is the total\n- {% if order.paid %}paid{% else %}open{% endif %}\n\nWrite {{{ html }}} for raw text.\n\nLoops: {{#each items}} {{title}} {{/each}}\n\nThat is it.\n',
      'FROM node:24\nWORKDIR /app\nCOPY package.json .\nRUN npm ci && npm cache clean --force\nCOPY . .\nEXPOSE 8080\nUSER node\nCMD ["node", "server.js"]\n',
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  labels: { app: web }\ndata:\n  LOG_LEVEL: info\n  FEATURES: "a,b,c"\n  greeting: |\n    Hello!\n    It\'s fine.\n',
      'TypeError: Cannot read properties of undefined (reading "id")\n    at pay (/app/src/pay.js:10:5)\n    at async Promise.all (index 0)\n    at async main (file:///app/index.js:3:1)\n    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)\n',
      'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Lunch; with Ann & Bob\r\nLOCATION:Room 5\\, 2nd floor\r\nDTSTART:20260301T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n',
      "BEGIN:VCARD\nVERSION:4.0\nFN:Dr. Anna O'Brien\nTEL;TYPE=work:+44 20 7946 0018\nEMAIL:anna@example.com\nEND:VCARD\n",
      'id,name,price\n1,"Boots, 42",19.99\n2,"O\'Hara\'s mug",5.00\n3,"50% off; today",1.00\n',
      '[2026-03-01 10:00:00] GET /search?q=shoes 200 15ms "Mozilla/5.0 (X11; Linux x86_64)"\n[2026-03-01 10:00:01] POST /cart 302 8ms "-"\n',
      'diff --git a/x.js b/x.js\n--- a/x.js\n+++ b/x.js\n@@ -1,3 +1,3 @@\n-const a = b || c\n+const a = b ?? c\n',
      'Dear Anna,\n\nthank you for your mail.\n\nFrom: page 5 to: page 9 there is an error (see "Note").\n\nBest,\nBob',
    ],
  },
  {
    name: 'filters and expressions of APIs',
    values: [
      'userName eq "anna" and meta.lastModified gt "2026-01-01T00:00:00Z"',
      "Name eq 'O''Brien' or startswith(City,'Ber')",
      'filter[status]=open&sort=-created',
      '{"query":{"bool":{"must":[{"match":{"title":"shoes"}}],"filter":[{"range":{"price":{"gte":10}}}]}}}',
      '$.items[?(@.price < 10)].title',
      'sum(rate(http_requests_total{job="api"}[5m])) by (code)',
      '{app="web"} |= "error" | json | status >= 500',
      'assignee = currentUser() AND status != Done ORDER BY priority DESC',
      'cn=anna,ou=people,dc=example,dc=com',
      'a:b:c -d "e f" (g OR h)',
      'fields=id,name,variants(id,price){currency}',
      '(id:1,name:anna)',
      'DATE_FORMAT(created, "yyyy-MM")',
      'IF(A1>5,"yes","no")',
    ],
  },
  {
    name: 'words that attacks have, too',
    values: [
      'what does phpinfo() show?',
      'how to use eval in python',
      'the constructor of the bridge',
      'process of elimination',
      'Ruby Exec chair (black), system of a down',
      'load average: 0.5; uptime 5 days',
      'System (32-bit) or system (64-bit)?',
      'config: see the settings page',
      'Template "Invoice {number}" not found',
      'import duties & export tax',
      'The .env file is missing, see docs',
      'My password is not passwd :)',
      'Windows 11 cmd tips',
      'type "yes" and hit enter',
      'alert: (high) temperature',
      'onload event explained',
      'javascript: the good parts',
      'curl cream; what does it do',
    ],
  },
]

const saml =
  '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_8e8dc5" Version="2.0" IssueInstant="2026-03-01T01:01:48Z" Destination="https://sp.example.com/acs"><saml:Issuer>https://idp.example.com/metadata</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_d71a" Version="2.0" IssueInstant="2026-03-01T01:01:48Z"><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">anna@example.com</saml:NameID></saml:Subject></saml:Assertion></samlp:Response>'

export interface HonestRequest {
  readonly name: string
  readonly method: string
  readonly target: string
  readonly type?: string
  readonly body?: string
  readonly headers?: readonly string[]
}

export const honestRequests: readonly HonestRequest[] = [
  {
    name: 'a SAML response',
    method: 'POST',
    target: '/saml/acs',
    type: 'application/x-www-form-urlencoded',
    body: `SAMLResponse=${encodeURIComponent(Buffer.from(saml).toString('base64'))}&RelayState=${encodeURIComponent('/home?tab=1')}`,
  },
  {
    name: 'OTLP traces',
    method: 'POST',
    target: '/v1/traces',
    type: 'application/json',
    body: JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: '5b8efff798038103d269b633813fc60c',
                  spanId: 'eee19b7ec3c1b174',
                  name: 'SELECT orders',
                  attributes: [
                    {
                      key: 'db.statement',
                      value: { stringValue: 'SELECT id, total FROM orders WHERE customer_id = ? ORDER BY id' },
                    },
                    { key: 'http.url', value: { stringValue: 'http://checkout:8080/pay?id=7' } },
                    {
                      key: 'exception.stacktrace',
                      value: {
                        stringValue: 'Error: boom\n    at pay (/app/src/pay.js:10:5)\n    at /app/index.js:3:1',
                      },
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    }),
  },
  {
    name: 'a push webhook',
    method: 'POST',
    target: '/hooks/git',
    type: 'application/json',
    headers: ['X-Hub-Signature-256', 'sha256=7d38cdd689735b008b3c702edd92eea23791c5f6', 'X-Event', 'push'],
    body: JSON.stringify({
      ref: 'refs/heads/fix/sql-select',
      commits: [
        {
          id: '6dcb09b',
          message: "Fix the parser's `DROP` & `SELECT` handling; closes #12",
          added: ['src/../README.md'],
          url: 'https://git.example.com/a/b/commit/6dcb09b',
        },
      ],
      repository: {
        full_name: 'acme/shop',
        html_url: 'https://git.example.com/acme/shop',
        description: "Shop (it's a demo) <3",
      },
    }),
  },
  {
    name: 'a payment webhook',
    method: 'POST',
    target: '/hooks/pay',
    type: 'application/json; charset=utf-8',
    body: JSON.stringify({
      id: 'evt_1',
      type: 'invoice.paid',
      data: {
        object: {
          amount: 1999,
          currency: 'eur',
          description: '1 × "Trail boots" (42)',
          metadata: { note: "Don't ring; leave at no. 5 & 6" },
        },
      },
    }),
  },
  {
    name: 'a chat webhook',
    method: 'POST',
    target: '/hooks/chat',
    type: 'application/x-www-form-urlencoded',
    body: 'token=x&command=%2Fdeploy&text=staging+%26+prod%3B+now&response_url=https%3A%2F%2Fhooks.example.com%2Fcommands%2F1',
  },
  {
    name: 'an OAuth redirect of a native app',
    method: 'GET',
    target:
      '/authorize?response_type=code&client_id=cli&redirect_uri=http%3A%2F%2F127.0.0.1%3A53682%2Fcallback&scope=openid%20profile&state=af0ifjsldkj&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  },
  {
    name: 'a SOAP call',
    method: 'POST',
    target: '/ws',
    type: 'text/xml; charset=utf-8',
    headers: ['SOAPAction', '"GetPrice"'],
    body: '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><GetPrice xmlns="http://example.com/prices"><Item>Apples &amp; Pears</Item></GetPrice></soap:Body></soap:Envelope>',
  },
  {
    name: 'analytics in cookies',
    method: 'GET',
    target: '/?gclid=EAIaIQobChMI&utm_campaign=spring%20sale%20(50%25)',
    headers: [
      'Cookie',
      '_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.1.2; consent=%7B%22ads%22%3Afalse%2C%22v%22%3A%222.0%22%7D; cart=eyJpdGVtcyI6WzIsNV0sImNvdXBvbiI6IldFTENPTUUxMCJ9; ab={a:1|b:2}',
    ],
  },
  {
    name: 'an upload of a picture',
    method: 'POST',
    target: '/upload',
    type: 'multipart/form-data; boundary=xYz',
    body: '--xYz\r\nContent-Disposition: form-data; name="title"\r\n\r\nAnna\'s trip; day 2\r\n--xYz\r\nContent-Disposition: form-data; name="file"; filename="Anna\'s photo (1).svg"\r\nContent-Type: image/svg+xml\r\n\r\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L10 10"/></svg>\r\n--xYz--\r\n',
  },
  {
    name: 'a search engine query',
    method: 'POST',
    target: '/products/_search',
    type: 'application/json',
    body: JSON.stringify({
      query: {
        bool: { must: [{ match: { title: 'red OR blue' } }], filter: [{ range: { price: { gte: 10, lt: 50 } } }] },
      },
      sort: [{ price: 'asc' }],
      script_fields: {},
    }),
  },
]
