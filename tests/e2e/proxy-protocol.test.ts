// The PROXY protocol over sockets: who is believed, who is counted, and what comes behind the header.

import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { startTestGateway } from './gateway-harness.ts'
import { openRawClient } from './proxy-harness.ts'

const header = 'PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n'
const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const echo = { trustedProxies: ['127.0.0.0/8'], workers: 1 }

test('in the clear: the client is the one that the header tells, in one piece or byte by byte', async t => {
  const sections = { ...echo, listen: [{ http: '127.0.0.1:0', proxyProtocol: true }] }
  const { gateway } = await startTestGateway(t, sections, (req, res) => {
    res.end(`for=${req.headers['x-forwarded-for']} port=${req.headers['x-forwarded-port']} body`)
  })
  const port = gateway.listening[0]?.port ?? 0
  using whole = await openRawClient(port)
  whole.send(header + request)
  assert.match(await whole.closed(), /for=203\.0\.113\.7 port=443 body/)
  using slow = await openRawClient(port)
  for (const byte of header + request) {
    slow.send(byte)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.match(await slow.closed(), /for=203\.0\.113\.7/)
  using post = await openRawClient(port)
  post.send(`${header}POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n12`)
  setTimeout(() => post.send('345'), 50)
  assert.match(await post.closed(), /200 OK/)
  using none = await openRawClient(port)
  none.send(request)
  assert.equal(await none.closed(), '')
})

test('from somebody else than a trusted proxy nothing is taken', async t => {
  const sections = {
    trustedProxies: ['192.0.2.0/24'],
    workers: 1,
    listen: [{ http: '127.0.0.1:0', proxyProtocol: true }],
  }
  const { gateway } = await startTestGateway(t, sections)
  using client = await openRawClient(gateway.listening[0]?.port ?? 0)
  client.send(header + request)
  assert.equal(await client.closed(), '')
  assert.match(await gateway.metrics(), /merlon_connections_refused_total 1/)
})

test('connections are counted for the client behind the proxy', async t => {
  const sections = {
    ...echo,
    listen: [{ http: '127.0.0.1:0', proxyProtocol: true }],
    limits: { connectionsPerIp: 2 },
  }
  const { gateway } = await startTestGateway(t, sections)
  const port = gateway.listening[0]?.port ?? 0
  const keep = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  using first = await openRawClient(port)
  using second = await openRawClient(port)
  using third = await openRawClient(port)
  using other = await openRawClient(port)
  for (const client of [first, second]) {
    client.send(header + keep)
    await client.until('200 OK')
  }
  third.send(header + keep)
  assert.equal(await third.closed(), '')
  other.send(header.replace('.7', '.8') + keep)
  await other.until('200 OK')
})

test('before TLS', async t => {
  const sections = { ...echo, listen: [{ https: '127.0.0.1:0', proxyProtocol: true }] }
  const { gateway, events } = await startTestGateway(t, sections)
  const socket = connectTcp(gateway.listening[0]?.port ?? 0, '127.0.0.1')
  socket.write(header)
  const secure = connect({ socket, servername: 'a.example', rejectUnauthorized: false })
  secure.write('GET /?q=%27%20OR%201=1-- HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const chunk of secure) text += chunk
  assert.match(text, /^HTTP\/1\.1 403/)
  const [event] = await events(1)
  assert.equal(event?.clientIp, '203.0.113.7')
  assert.match(event?.json ?? '', /"ja4":"t13d/)
})

test('a header that does not end is cut', async t => {
  const sections = {
    ...echo,
    listen: [{ http: '127.0.0.1:0', proxyProtocol: true }],
    limits: { helloTimeout: '200ms' },
  }
  const { gateway } = await startTestGateway(t, sections)
  using client = await openRawClient(gateway.listening[0]?.port ?? 0)
  client.send('PROXY TCP4 ')
  const startMs = performance.now()
  assert.equal(await client.closed(), '')
  assert.ok(performance.now() - startMs > 150)
})
