// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the values are templates
// Honest values with the characters of attacks, written for this project: what people, documents and programs put into
// requests that public samples have few of. The classifier learns from them what punctuation alone does not tell.

const names = [
  "O'Reilly",
  "D'Angelo",
  'Müller & Söhne',
  'Smith (Jr.)',
  'Anna-Maria "Mia" López',
  'AT&T',
  "Conor O'Brien",
]
const words = ['status', 'name', 'price', 'order.id', 'user.email', 'createdAt', 'total', 'customer', 'items', 'city']
const values = ['active', '42', 'Berlin', '2026-03-01', 'true', 'shoes', 'anna@example.com', 'EUR', 'null', '"open"']
const tags = ['name', 'order', 'item', 'title', 'price', 'address', 'customer', 'entry', 'note', 'row', 'id', 'size']
const schemas = [
  'http://schemas.xmlsoap.org/soap/envelope/',
  'http://www.w3.org/2001/XMLSchema-instance',
  'http://www.w3.org/2000/svg',
  'http://www.w3.org/2005/Atom',
  'urn:oasis:names:tc:SAML:2.0:assertion',
  'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09',
  'http://example.com/service/v2',
]

/** `$w` stands for each of words, `$v` for each of values, `$n` for each of names, `$t` for each of tags, `$s` for each of schemas. */
const patterns: readonly string[] = [
  // Templates that users of mail, chat and workflow tools write.
  ...[
    '{{$w}}',
    'Hello {{$w}}, your {{$w}} is ready',
    '{{ $w | upper }}',
    '{{#if $w}}yes{{/if}}',
    '{{#each $w}}{{this}}{{/each}}',
  ],
  ...[
    '${$w}',
    'Dear ${$w},',
    '{% if $w %}$v{% endif %}',
    '<%= $w %>',
    '[[$w]]',
    '{$w}',
    '%$w%',
    '#{$w}',
    '{{{$w}}}',
    '{{ctx.$w}}',
  ],
  ...[
    '{{$w}} <$v>',
    '{"text":"{{$w}}"}',
    '{{steps.$w.output}}',
    '{{ $w.first_name }} {{ $w.last_name }}',
    '_{{$w}}_$v',
  ],
  // Query and filter languages.
  ...[
    '$w:$v AND $w:$v',
    '$w = $v',
    '$w == "$v" && $w != "$v"',
    '$w eq $v',
    '$w gt 5 and $w lt 10',
    "$w eq '$v' or $w eq '$v'",
  ],
  ...[
    '$w:($v OR $v)',
    '+$w:"$v" -$w:$v',
    '$w > 10 | $w < 5',
    '$w in ($v, $v)',
    '$w ~ "$v" ORDER BY $w DESC',
    '-$w,+$w',
  ],
  ...[
    '($w=$v)',
    '$w[]=$v',
    '$w>=2026-01-01',
    '$w|$w|$w',
    '$w,$w,$w',
    '$w;$v;$v',
    '$w=$v&$w=$v',
    '@$w=$v,@$w=$v',
    '$w*',
    '*.$w',
  ],
  ...[
    '$.$w[*].$w',
    '$..$w',
    '$w[?(@.$w > 3)]',
    "ctx._source.$w = '$v'",
    "ctx.$w += params['$v']",
    '$w.where(x => x.$w > 1)',
  ],
  ...[
    'project = $v AND $w = "$v" order by created',
    'is:open label:$v -author:$v',
    'from:$v to:$v subject:($v)',
    '"$v" site:example.com',
  ],
  // Markup: pages, documents, feeds, envelopes. No handlers and no script.
  ...[
    '<$t>',
    '<$t/>',
    '</$t>',
    '<$t>$v</$t>',
    '<$t id="$v">$v</$t>',
    '<p>$v</p>',
    '<b>$v</b> and <i>$v</i>',
    '<br>$v<br/>',
  ],
  ...[
    '<a href="/$w/$v">$v</a>',
    '<a href="https://example.com/$w">$v</a>',
    '<img src="/img/$v.png" alt="$v">',
    '<h1>$n</h1>',
  ],
  ...[
    '<img src="https://cdn.example.com/logo.svg" align="right" width="90" alt="$v">',
    '<div class="$w"><span>$v</span></div>',
  ],
  ...[
    '<ul><li>$v</li><li>$v</li></ul>',
    '<table><tr><td>$v</td></tr></table>',
    '<!-- $v -->',
    '<h2 style="color: red">$v</h2>',
  ],
  ...[
    '<!DOCTYPE html>',
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>$v</title>',
    '<p align="center">',
  ],
  ...[
    '<?xml version="1.0" encoding="UTF-8"?><$t><$t>$v</$t></$t>',
    '<?xml version="1.0"?>\n<$t xmlns="$s"><$t>$v</$t></$t>',
    '$s',
  ],
  ...[
    '<soap:Envelope xmlns:soap="$s"><soap:Body><$t>$v</$t></soap:Body></soap:Envelope>',
    '<ns1:$t xmlns:ns1="$s">$v</ns1:$t>',
  ],
  ...['<samlp:Response xmlns:samlp="$s" ID="_$v" Version="2.0"><saml:Issuer>https://idp.example.com</saml:Issuer>'],
  ...[
    '<svg xmlns="$s" width="24" height="24"><path d="M12 2L2 7l10 5"/></svg>',
    '<circle cx="50" cy="50" r="40" fill="$v" />',
  ],
  ...[
    '<rss version="2.0"><channel><title>$v</title></channel></rss>',
    '<user-email>$v</user-email>',
    '$n <$v@example.com>',
  ],
  // Markdown, messages and marks of people.
  ...[
    '## $w()',
    '# $v\n\n<img src="logo.svg">\n\n$v',
    '- [ ] $v\n- [x] $v',
    '**$v** (_$v_)',
    '| $w | $v |\n| --- | --- |',
    '> $v',
  ],
  ...[
    '`$w`',
    'Use `$w($v)` to get $v',
    '```js\nconst $v = require("$v")\n```',
    '[$v](https://example.com/$v)',
    '![$v][1]',
    '1) $v 2) $v',
  ],
  ...[
    '$v ;-) $v',
    '$v <3',
    '$v :( :)',
    'Really?! $v... ok;',
    '$n',
    'Dear $n, $v - thanks!',
    '$v & $v',
    '$v / $v',
    '$v (50% off!)',
    '#$v',
  ],
  ...[
    '"$v"',
    "'$v'",
    "it's $v",
    "don't $v",
    '$v; $v; $v',
    '$v = $v',
    '$v + $v = $v',
    '*$v*',
    '$$$',
    '$5.99 | $v',
    '€5 & up',
    'C# $v',
    'C++',
  ],
  ...[
    'Tom & Jerry; $v',
    'Q&A: $v',
    'R&D ($v)',
    '@$v #$v',
    '~$v',
    '^$v$',
    '!!! $v !!!',
    '$v -- $v',
    '$v...',
    '[$v]',
    '{$v}',
    '<$v>',
    '1=1?',
  ],
  // Programs: headers, cookies, analytics, expressions, versions, selectors, patterns, code.
  ...[
    'attachment; filename="$v.pdf"',
    'inline; filename=$v.png',
    'text/html; charset=utf-8',
    'content-type: $v\r\n',
    'W/"$v"',
  ],
  ...[
    'javascript:void(0);',
    'javascript:;',
    'about:blank',
    'void(0)',
    'data:image/png;base64',
    'blob:https://example.com/$v',
    'a.b=c.d',
  ],
  ...[
    'GA1.2.$v.$v',
    '{"$w":"$v"}',
    '[{"$w":$v}]',
    '{$w:$v}',
    '["$v","$v"]',
    '$w=$v;$w=$v',
    '$w::$v',
    '$w->$v',
    '$w($v)',
    '@$v/$w',
  ],
  ...[
    '>=1.2.3 <2.0.0',
    '^1.2.3',
    '~$v',
    '*',
    '1.x || >=2.5',
    'v=1:u=$v',
    '$w@v=1:u=$v',
    '#$w > .$w',
    '.$w:hover',
    'div.$w[$w="$v"]',
  ],
  ...[
    '^[a-z]+$',
    '^\\d{3}-\\d{4}$',
    '(\\w+)@(\\w+)\\.com',
    '/$v/gi',
    '*.{js,ts}',
    'src/**/*.ts',
    '!node_modules',
    '0 */5 * * *',
    '* * * * *',
  ],
  ...[
    'const $v = $v;',
    'function $v() { return $v }',
    'if (a && b || c) { }',
    'x => x * 2',
    'def f(x): return x + 1',
    'print("$v")',
    '#!/usr/bin/env node',
  ],
  ...[
    'import { $v } from "$v"',
    'SELECT is a keyword in SQL',
    'how to use select and where together',
    'union of $v and $v',
    'drop in $v',
    'order by $v',
  ],
  ...[
    'a or b',
    'this and that',
    '$v and $v',
    '$v or $v?',
    'select a $v from the list',
    'insert coin',
    'update: $v',
    'delete $v',
    'having $v and $v',
  ],
  ...[
    'npm install $v && npm start',
    'git commit -m "$v"',
    'cd $v',
    'docker run -it $v',
    'TypeError: $v is not a function',
    'at $v (app.js:10:5)',
  ],
  ...[
    'C:\\Users\\anna\\Documents\\$v.docx',
    '\\\\server\\share\\$v',
    './src/$v.ts',
    '$v/../$v',
    '~/$v',
    '/api/v1/$w/$v',
    '/$w?$w=$v&$w=$v',
  ],
  ...[
    'f(x) = x^2 + 3x',
    'E = mc^2',
    '5 < 10 > 3',
    '3 > 2',
    '1,(1)',
    '$v%',
    '100% $v',
    '1;1;1;$v;0;0;1;',
    '$v||$w=||$v=2',
    '\\frac{1}{2}',
    'a_{ij}',
  ],
  ...[
    'query { $t { $t { $t } } }',
    'query Q($v: ID!) { $t(id: $v) { ...F } } fragment F on $t { $t __typename }',
    'mutation { $t(input: {$t: "$v"}) { $t } }',
  ],
  ...[
    'subscription S { $t { $t __typename } }',
    'query Foo { __typename }\nfragment Foo on Query { __typename }\ndirective @Foo on SCHEMA\ntype Foo',
  ],
  ...[
    '{ $t(first: 10) { edges { node { $t } } } }',
    'type $t { $t: String! }',
    'a=1&b=2#c',
    'BEGIN:VCARD\nFN:$n\nEND:VCARD',
    '-----BEGIN CERTIFICATE-----',
  ],
  // Logs, traces, tests, records of what a page did.
  ...[
    '203.0.113.7 - - [11/Jun/2025:08:21:44 +0000] "GET /$w/$v HTTP/1.1" 200 3181 "https://app.example.com/$w" "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"',
    '198.51.100.9 - anna [01/Feb/2026:10:00:00 +0100] "POST /api/$w?$w=$v HTTP/2.0" 302 0 "-" "curl/8.5.0"',
    "ENOENT: no such file or directory, open '/app/config/../data/$v.json'",
    "Error: ENOENT: no such file or directory, stat '/srv/app/$v'",
    'TypeError: Cannot read properties of undefined (reading "$w")\n    at Object.<anonymous> (/app/src/$v.js:12:7)',
    'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\n    $v()',
    'java.lang.NullPointerException: $v\n\tat com.example.App.main(App.java:17)',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
    'https://example.com/$w?$w=$v&$w=$v',
    'https://www.example.com/$w/index.html?$w=$v#$w',
    'event=$w.$w',
    '$session_id',
    '$$w',
    ';$w_index_$v;;;;;browser_chrome114.0;size_1920x1080;',
    ' ( ($v %"$v")  ) ',
    '```\nvar assert = require("assert");\nvar $v = require("$v");\n\nvar obj = { a: 1, b: [2, 3] };\nassert.equal($v(obj), true);\n```',
    '```js\nconst http = require("node:http");\nconst app = require("$v")();\napp.use((req, res) => { res.end("$v") });\n```',
    '```python\nimport os\nfrom $v import $v\n\nwith open("$v.txt") as f:\n    print(f.read())\n```',
    '```sh\n$ npm install --save $v\n$ cat package.json | grep $v\n```',
    '```sql\nSELECT $v, COUNT(*) FROM orders WHERE status = 1 GROUP BY $v;\n```',
    '```html\n<div class="$v"></div>\n<script src="$v.js"></script>\n```',
  ],
]

const lists: Readonly<Record<string, readonly string[]>> = { w: words, v: values, n: names, t: tags, s: schemas }

/** Every pattern with each of its lists gone through in step, so that all entries come up. */
export function benignValues(): string[] {
  const found = new Set<string>()
  for (const pattern of patterns) {
    for (let turn = 0; turn < 12; turn++) {
      let place = 0
      found.add(
        pattern.replace(/\$([wvnts])(?![a-z])/g, (whole, key: string) => {
          const list = lists[key]
          return list ? (list[(turn + place++ * 3) % list.length] ?? whole) : whole
        }),
      )
    }
  }
  return [...found]
}
