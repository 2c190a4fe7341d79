// Every variable once: a request, the variable, the values that a rule sees.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { engine, run, type TestRequest } from '../rules/engine.test-helper.ts'

const json = [['content-type', 'application/json']] as const
const form = [['content-type', 'application/x-www-form-urlencoded']] as const
/** A file for some servers, a field for others. */
const unnamed = '--b\r\ncontent-disposition: form-data; name="file"; filename=""\r\n\r\nvalue\r\n--b--'
const multipart = [['content-type', 'multipart/form-data; boundary=b']] as const

const upload = [
  '--b\r\ncontent-disposition: form-data; name="field"\r\n\r\nvalue',
  '--b\r\ncontent-disposition: form-data; name="file"; filename="a.php"\r\ncontent-type: text/plain\r\n\r\n<?php',
  '--b--\r\n',
].join('\r\n')

const target = '/a/b%20c.php?x=1&y=%41+b&x=2'

/** Targets, the request, and `name=value` of everything they yield. */
const cases: readonly (readonly [string, TestRequest, readonly string[]])[] = [
  ['REQUEST_METHOD', { method: 'PUT' }, ['REQUEST_METHOD=PUT']],
  ['REQUEST_PROTOCOL', {}, ['REQUEST_PROTOCOL=HTTP/1.1']],
  ['REQUEST_LINE', { target }, [`REQUEST_LINE=GET ${target} HTTP/1.1`]],
  ['REQUEST_URI', { target }, ['REQUEST_URI=/a/b c.php?x=1&y=A+b&x=2']],
  ['REQUEST_URI', { target: 'http://h:80/p?q=1#f' }, ['REQUEST_URI=/p?q=1']],
  ['REQUEST_URI', { target: 'http://h?q=1' }, ['REQUEST_URI=/?q=1']],
  ['REQUEST_URI', { target: '*', method: 'OPTIONS' }, ['REQUEST_URI=*']],
  ['REQUEST_URI_RAW', { target: '/%41#f' }, ['REQUEST_URI_RAW=/%41#f']],
  ['REQUEST_FILENAME', { target }, ['REQUEST_FILENAME=/a/b c.php']],
  ['REQUEST_FILENAME', { target: '/%4' }, ['REQUEST_FILENAME=/%4']],
  ['REQUEST_BASENAME', { target }, ['REQUEST_BASENAME=b c.php']],
  ['REQUEST_BASENAME', { target: '/dir/' }, ['REQUEST_BASENAME=']],
  ['QUERY_STRING', { target }, ['QUERY_STRING=x=1&y=%41+b&x=2']],
  ['QUERY_STRING', { target: '/' }, []],
  ['ARGS', { target }, ['ARGS:x=1', 'ARGS:y=A b', 'ARGS:x=2']],
  ['ARGS:X', { target }, ['ARGS:x=1', 'ARGS:x=2']],
  ['ARGS:/^Y/', { target }, ['ARGS:y=A b']],
  ["ARGS:'/a|y/'", { target }, ['ARGS:y=A b']],
  ['ARGS|!ARGS:x', { target }, ['ARGS:y=A b']],
  ['ARGS|!ARGS:/^x/', { target }, ['ARGS:y=A b']],
  ['&ARGS', { target }, ['&ARGS=3']],
  ['&ARGS:x', { target }, ['&ARGS:x=2']],
  ['&ARGS:none', { target }, ['&ARGS:none=0']],
  ['&ARGS|!ARGS:x', { target }, ['&ARGS=1']],
  ['ARGS_NAMES', { target: '/?a&b=1' }, ['ARGS_NAMES:a=a', 'ARGS_NAMES:b=b']],
  ['ARGS_GET', { target: '/?a=1', method: 'POST', headers: form, body: 'b=2' }, ['ARGS_GET:a=1']],
  ['ARGS_POST', { target: '/?a=1', method: 'POST', headers: form, body: 'b=2' }, ['ARGS_POST:b=2']],
  ['ARGS_POST_NAMES', { target: '/?a=1', headers: form, body: 'b=2' }, ['ARGS_POST_NAMES:b=b']],
  ['ARGS_GET_NAMES', { target: '/?a=1', headers: form, body: 'b=2' }, ['ARGS_GET_NAMES:a=a']],
  ['ARGS_COMBINED_SIZE', { target: '/?ab=123' }, ['ARGS_COMBINED_SIZE=5']],
  [
    'REQUEST_HEADERS',
    {
      headers: [
        ['Host', 'h'],
        ['X-A', '1'],
      ],
    },
    ['REQUEST_HEADERS:Host=h', 'REQUEST_HEADERS:X-A=1'],
  ],
  ['REQUEST_HEADERS:x-a', { headers: [['X-A', '1']] }, ['REQUEST_HEADERS:X-A=1']],
  ['REQUEST_HEADERS_NAMES', { headers: [['X-A', '1']] }, ['REQUEST_HEADERS_NAMES:X-A=X-A']],
  [
    'REQUEST_COOKIES',
    { headers: [['Cookie', 'a=1;  b=2=3; ;=x; c ; d= e ']] },
    ['REQUEST_COOKIES:a=1', 'REQUEST_COOKIES:b=2=3', 'REQUEST_COOKIES:c =', 'REQUEST_COOKIES:d= e'],
  ],
  [
    'REQUEST_COOKIES_NAMES',
    { headers: [['cookie', 'a=1;b']] },
    ['REQUEST_COOKIES_NAMES:a=a', 'REQUEST_COOKIES_NAMES:b=b'],
  ],
  ['REQUEST_BODY', { headers: form, body: 'a=1' }, ['REQUEST_BODY=a=1']],
  ['REQUEST_BODY', { headers: json, body: '{}' }, ['REQUEST_BODY={}']],
  ['REQUEST_BODY', { headers: multipart, body: upload }, []],
  ['REQUEST_BODY_LENGTH', { headers: form, body: 'a=1' }, ['REQUEST_BODY_LENGTH=3']],
  ['REQBODY_PROCESSOR', { headers: multipart, body: upload }, ['REQBODY_PROCESSOR=MULTIPART']],
  ['REQBODY_ERROR', { headers: json, body: '{' }, ['REQBODY_ERROR=1']],
  ['REQBODY_ERROR', { headers: json, body: '{}' }, ['REQBODY_ERROR=0']],
  ['ARGS', { headers: json, body: '{"a":{"b":"c"}}' }, ['ARGS:json.a.b=c']],
  ['ARGS', { headers: multipart, body: upload }, ['ARGS:field=value']],
  ['ARGS_POST', { headers: multipart, body: unnamed }, ['ARGS_POST:file=value']],
  ['FILES', { headers: multipart, body: unnamed }, ['FILES:file=']],
  ['FILES_TMP_CONTENT', { headers: multipart, body: unnamed }, ['FILES_TMP_CONTENT:file=value']],
  ['FILES', { headers: multipart, body: upload }, ['FILES:file=a.php']],
  ['FILES_NAMES', { headers: multipart, body: upload }, ['FILES_NAMES:file=file']],
  ['FILES_SIZES', { headers: multipart, body: upload }, ['FILES_SIZES:file=5']],
  ['FILES_COMBINED_SIZE', { headers: multipart, body: upload }, ['FILES_COMBINED_SIZE=5']],
  ['FILES_TMP_CONTENT', { headers: multipart, body: upload }, ['FILES_TMP_CONTENT:file=<?php']],
  ['MULTIPART_NAME', { headers: multipart, body: upload }, ['MULTIPART_NAME:field=field', 'MULTIPART_NAME:file=file']],
  ['MULTIPART_FILENAME', { headers: multipart, body: upload }, ['MULTIPART_FILENAME:file=a.php']],
  ['MULTIPART_STRICT_ERROR', { headers: multipart, body: upload }, ['MULTIPART_STRICT_ERROR=0']],
  ['MULTIPART_STRICT_ERROR', { headers: multipart, body: 'no boundary' }, ['MULTIPART_STRICT_ERROR=1']],
  [
    'MULTIPART_PART_HEADERS:file',
    { headers: multipart, body: upload },
    [
      'MULTIPART_PART_HEADERS:file=content-disposition: form-data; name="file"; filename="a.php"',
      'MULTIPART_PART_HEADERS:file=content-type: text/plain',
    ],
  ],
  ['URLENCODED_ERROR', { target: '/?a=%zz' }, ['URLENCODED_ERROR=1']],
  ['XML:/*|XML://@*', { headers: [['content-type', 'text/xml']], body: '<a b="c">d</a>' }, ['XML:/*=d', 'XML://@*=c']],
  ['REMOTE_ADDR', { ip: '2001:db8::1' }, ['REMOTE_ADDR=2001:db8::1']],
  ['REMOTE_PORT|SERVER_ADDR|SERVER_PORT', {}, ['REMOTE_PORT=1234', 'SERVER_ADDR=192.0.2.2', 'SERVER_PORT=443']],
  ['SERVER_NAME', { headers: [['host', 'example.com:8080']] }, ['SERVER_NAME=example.com']],
  ['SERVER_NAME', { headers: [['host', '[::1]:80']] }, ['SERVER_NAME=[::1]']],
  ['REMOTE_USER|AUTH_TYPE', { headers: [['authorization', 'Basic dTpw']] }, ['REMOTE_USER=u', 'AUTH_TYPE=Basic']],
  [
    'TIME|TIME_EPOCH|TIME_YEAR|TIME_WDAY',
    {},
    ['TIME=22:13:20', 'TIME_EPOCH=1700000000', 'TIME_YEAR=2023', 'TIME_WDAY=2'],
  ],
  ['DURATION', {}, ['DURATION=0']],
  ['RULE:id', {}, ['RULE:id=1']],
  ['UNIQUE_ID', {}, ['UNIQUE_ID=the-id']],
]

const settings = `SecRule REQUEST_HEADERS:content-type "json" "id:90,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:content-type "xml" "id:91,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"
`

describe('request variables', () => {
  for (const [targets, request, want] of cases) {
    it(`${targets} of ${request.target ?? request.body ?? 'a request'}`, () => {
      const waf = engine(`${settings}SecRule ${targets.replaceAll(' ', '')} "@unconditionalMatch" "id:1,phase:2,pass"`)
      const transaction = run(waf, request, { id: 'the-id' })
      const got = transaction.matches.flatMap(match => match.targets.map(each => `${each.name}=${each.value}`))
      assert.deepEqual(got, want)
    })
  }
})

describe('response variables', () => {
  const request: TestRequest = {
    status: 404,
    responseHeaders: [
      ['Content-Type', 'text/html; charset=utf-8'],
      ['X-A', '1'],
    ],
    responseBody: '<p>',
  }
  const responses: readonly (readonly [string, readonly string[]])[] = [
    ['RESPONSE_STATUS', ['RESPONSE_STATUS=404']],
    ['RESPONSE_PROTOCOL', ['RESPONSE_PROTOCOL=HTTP/1.1']],
    ['RESPONSE_CONTENT_TYPE', ['RESPONSE_CONTENT_TYPE=text/html']],
    ['RESPONSE_HEADERS:x-a', ['RESPONSE_HEADERS:X-A=1']],
    ['RESPONSE_HEADERS_NAMES:x-a', ['RESPONSE_HEADERS_NAMES:X-A=X-A']],
    ['RESPONSE_BODY', ['RESPONSE_BODY=<p>']],
    ['RESPONSE_CONTENT_LENGTH', ['RESPONSE_CONTENT_LENGTH=3']],
  ]
  for (const [targets, want] of responses) {
    it(targets, () => {
      const rules = `SecResponseBodyAccess On\nSecRule ${targets} "@unconditionalMatch" "id:1,phase:4,pass"`
      const transaction = run(engine(rules), request)
      assert.deepEqual(
        transaction.matches.flatMap(match => match.targets.map(each => `${each.name}=${each.value}`)),
        want,
      )
    })
  }

  it('bodies of other types are not read', () => {
    const rules = 'SecResponseBodyAccess On\nSecRule RESPONSE_BODY "." "id:1,phase:4,pass"'
    const transaction = run(engine(rules), { responseHeaders: [['content-type', 'image/png']], responseBody: 'x' })
    assert.deepEqual(transaction.matches, [])
  })
})
