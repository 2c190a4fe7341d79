// Requests made to be read in two ways, and noise: whatever comes, the upstream sees whole requests that we inspected,
// and the gateway goes on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBackend, openGateway, openRawBackend, openRawClient } from './proxy-harness.ts'

const hidden = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'

/** Each is one request to us, or none; none may become two to the upstream. */
const smuggling: readonly (readonly [name: string, bytes: string])[] = [
  [
    'CL.TE',
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${5 + hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  [
    'TE.CL',
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n${hidden}0\r\n\r\n`,
  ],
  [
    'TE.TE',
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: x\r\nContent-Length: 4\r\n\r\n5c\r\n${hidden}`,
  ],
  ['TE with tab', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\r\nContent-Length: 0\r\n\r\n${hidden}`],
  ['TE vertical tab', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  ['TE name with space', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ['TE folded', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`],
  ['TE in HTTP/1.0', `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ['CL list', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, ${hidden.length}\r\n\r\n${hidden}`],
  ['CL plus', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n${hidden}`],
  ['CL underscore', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n${hidden}`],
  ['chunk size with sign', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n${hidden}`],
  ['chunk size with 0x', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${hidden}`],
  [
    'chunk size overflow',
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n${hidden}`,
  ],
  ['bare LF after chunk size', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n${hidden}`],
  ['LF in chunk extension', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n${hidden}`],
  ['bare LF in headers', `GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n`],
  ['CR in header value', `GET / HTTP/1.1\r\nHost: a\r\nX: y\r${hidden}\r\n\r\n`],
  ['NUL in header name', `GET / HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n`],
  ['space in the target', `GET / HTTP/1.1 /x HTTP/1.1\r\nHost: a\r\n\r\n`],
]

for (const [name, bytes] of smuggling) {
  test(`hostile: ${name}`, async () => {
    let seen = ''
    await using backend = await openRawBackend(socket => {
      socket.on('data', data => {
        seen += data.toString('latin1')
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    for (const guards of [[], [{ onBody: () => undefined }]]) {
      await using gateway = await openGateway({ servers: [backend.url], guards })
      using client = await openRawClient(gateway.port)
      client.send(bytes)
      assert.match(await client.closed(), /^HTTP\/1\.1 400 [\s\S]*problem\+json/)
      assert.equal(client.text.split('HTTP/1.1 ').length, 2)
    }
    assert.doesNotMatch(seen, /GET \/smuggled/)
  })
}

test('hostile: a body that looks like a request stays a body', async () => {
  await using backend = await openBackend(async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    res.end(`${req.method} ${req.url} ${body.length}`)
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
    using client = await openRawClient(gateway.port)
    client.send(`${method} /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`)
    await client.until(`${method} /x ${hidden.length}`)
    client.send(
      `${method} /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)};x="y"\r\n${hidden}\r\n0\r\n\r\n`,
    )
    await client.until(`${method} /y ${hidden.length}`)
  }
})

test('hostile: noise and broken requests never end the gateway', async () => {
  await using backend = await openBackend((req, res) => {
    req.resume()
    res.end('ok')
  })
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [{ onBody: () => undefined, onResponseBody: () => undefined }],
    limits: {
      headerTimeout: 300,
      bodyIdleTimeout: 300,
      keepAliveTimeout: 100,
      lingerTimeout: 200,
      connectionsPerIp: 2000,
    },
  })
  const seeds = [
    'GET /a?b=c HTTP/1.1\r\nHost: a\r\nCookie: x=y\r\n\r\n',
    'POST /a HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 30\r\n\r\n--x\r\nContent-Disposition: x\r\n\r\n',
    'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n',
    'HEAD http://a/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  ]
  let state = 42
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % below
  }
  const mutate = (text: string) => {
    const bytes = Buffer.from(text, 'latin1')
    for (let i = random(4); i >= 0; i--) {
      const at = random(bytes.length)
      if (random(3) === 0) bytes.copyWithin(at, random(bytes.length))
      else bytes[at] = random(256)
    }
    return random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes
  }
  await Promise.all(
    Array.from({ length: 400 }, async () => {
      const bytes = mutate(seeds[random(seeds.length)] ?? '')
      using client = await openRawClient(gateway.port)
      client.send(bytes)
      if (random(5) === 0) return
      if (random(5) === 0) client.socket.end()
      await client.closed(8000)
    }),
  )
  assert.equal((await fetch(gateway.url)).status, 200)
  assert.equal(gateway.upstream.servers()[0]?.active, 0)
})
