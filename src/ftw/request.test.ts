import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTests } from './parse.ts'
import { buildRequest } from './request.ts'
import { expandTemplate } from './template.ts'
import { readRequest } from './wire.ts'

/** The request of a stage whose input is given as YAML flow text. */
function built(input: string): string {
  const { tests, problems } = parseTests('1.yaml', `rule_id: 1\ntests: [{ stages: [{ input: ${input} }] }]`)
  assert.deepEqual(problems, [])
  return buildRequest(tests[0]!.stages[0]!.input)
}

const requests: [name: string, input: string, want: string][] = [
  ['defaults', '{}', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
  [
    'headers are sorted by name',
    '{ headers: { b: 1, A: 2 } }',
    'GET / HTTP/1.1\r\nA: 2\r\nb: 1\r\nConnection: close\r\n\r\n',
  ],
  [
    'ordered headers are not',
    '{ ordered_headers: [{ name: b, value: 1 }, { name: A, value: 2 }, { name: b, value: 3 }] }',
    'GET / HTTP/1.1\r\nb: 1\r\nA: 2\r\nb: 3\r\nConnection: close\r\n\r\n',
  ],
  [
    'a form body is encoded, typed and counted',
    '{ method: POST, data: "a=b c&d=é" }',
    'POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: 14\r\n\r\na=b+c&d=%C3%A9',
  ],
  [
    'an encoded form body is left alone',
    '{ method: POST, data: "a=%3c<", headers: { Content-Type: application/x-www-form-urlencoded } }',
    'POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: 6\r\n\r\na=%3c<',
  ],
  [
    'a method with a body gets a length',
    '{ method: PUT }',
    'PUT / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  ],
  ['without completion', '{ method: POST, data: a b, autocomplete_headers: false }', 'POST / HTTP/1.1\r\n\r\na b'],
  ['stop_magic is its opposite', '{ method: POST, data: a b, stop_magic: true }', 'POST / HTTP/1.1\r\n\r\na b'],
  [
    'multipart lines end in CRLF',
    '{ headers: { Content-Type: multipart/form-data; boundary=x, Content-Length: 9 }, data: "--x\\n--x--\\n", stop_magic: true }',
    'GET / HTTP/1.1\r\nContent-Length: 9\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n--x--\r\n',
  ],
  ['lines of a list', '{ data: [a, "", b], stop_magic: true }', 'GET / HTTP/1.1\r\n\r\na\r\n\r\nb'],
  ['an encoded request', '{ encoded_request: R0VUIC8KCg== }', 'GET /\n\n'],
  [
    'numbers stay as they are written',
    '{ headers: { X: 1.0, Y: 0x1F }, version: "", stop_magic: true }',
    'GET / \r\nX: 1.0\r\nY: 0x1F\r\n\r\n',
  ],
]
for (const [name, input, want] of requests) test(name, () => assert.equal(built(input), want))

const templates: [string, string][] = [
  ['a{{ "b" | repeat 3 }}c', 'abbbc'],
  ['{{repeat 2 "x\\n"}}', 'x\nx\n'],
  ['{{ `y` }}', 'y'],
  ['{{ "x41" }}{{ "\\x41" }}', 'x41A'],
  ['{{7*7}} and {{ user.name }}', '{{7*7}} and {{ user.name }}'],
  ['{{ "aaaaaaaaaa" | repeat 9999999 }}', '{{ "aaaaaaaaaa" | repeat 9999999 }}'],
]
for (const [text, want] of templates) test(`template ${text}`, () => assert.equal(expandTemplate(text), want))

const wires: [name: string, bytes: string, want: Partial<ReturnType<typeof readRequest>>][] = [
  [
    'request line',
    'GET /a b HTTP/1.1\r\n\r\n',
    { method: 'GET', target: '/a b', protocol: 'HTTP/1.1', incomplete: undefined },
  ],
  ['no protocol', 'GET /\r\n\r\n', { method: 'GET', target: '/', protocol: '' }],
  ['one word', 'GET\r\n\r\n', { method: 'GET', target: '', protocol: '' }],
  [
    'headers',
    'GET / HTTP/1.1\r\nA:  b \r\nC : d\r\nno colon\r\n\r\n',
    { headers: ['A', 'b', 'C ', 'd', 'no colon', ''] },
  ],
  [
    'bare line feeds',
    'GET / HTTP/1.1\nA: b\n\nbody',
    { headers: ['A', 'b'], malformed: 'a line of the header ends without CR' },
  ],
  ['body by length', 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc', { body: 'ab', incomplete: undefined }],
  ['body without length', 'POST / HTTP/1.1\r\n\r\nabc', { body: '' }],
  [
    'short body',
    'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc',
    { body: 'abc', incomplete: 'the body has 3 of 5 bytes' },
  ],
  [
    'chunks',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n',
    { body: 'abc', incomplete: undefined },
  ],
  [
    'chunks that never end',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    { body: 'abc', incomplete: 'the chunks never end' },
  ],
  [
    'a chunk without size',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
    { malformed: 'a chunk without a size' },
  ],
  ['no end of the header', 'GET / HTTP/1.1\r\nA: b\r\n', { incomplete: 'the header never ends' }],
]
for (const [name, bytes, want] of wires) {
  test(`wire: ${name}`, () => {
    const request = readRequest(bytes)
    for (const [key, value] of Object.entries(want)) assert.deepEqual(request[key as keyof typeof request], value, key)
  })
}

test('what is wrong in a file is told with its place', () => {
  const { problems } = parseTests(
    '1.yaml',
    'rule_id: 1\ntests:\n  - stages:\n      - input: { stop_magic: maybe }\n        output: { log: { match_regex: "(" } }\n',
  )
  assert.deepEqual(
    problems.map(({ line, column, message }) => `${line}:${column} ${message}`),
    ['4:30 stop_magic is true or false', '5:39 match_regex is not a regular expression'],
  )
})
