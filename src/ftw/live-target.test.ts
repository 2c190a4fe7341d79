import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { after, test } from 'node:test'
import { readAnswer } from './answer.ts'
import { LiveTarget, type LoggedRequest } from './live-target.ts'
import { parseTests } from './parse.ts'
import { buildRequest } from './request.ts'

const servers: Server[] = []
after(() => {
  for (const server of servers) server.close()
})

/** A server that answers every connection with these bytes and, if told, leaves it open. */
async function serve(answer: string, keepOpen = false): Promise<URL> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => (keepOpen ? socket.write(answer) : socket.end(answer)))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  return new URL(`http://127.0.0.1:${address.port}`)
}

const input = parseTests('1.yaml', 'rule_id: 1\ntests: [{ stages: [{ input: {} }] }]').tests[0]!.stages[0]!.input

async function send(url: URL) {
  const asked: LoggedRequest[] = []
  const matches = async (request: LoggedRequest) => {
    asked.push(request)
    return { ids: [7], log: ['[id "7"]'] }
  }
  const target = new LiveTarget({ url, matches, answerTimeoutMs: 200 })
  return { seen: await target.send(buildRequest(input), input), asked }
}

test('the answer, and what was logged under its request id', async () => {
  const url = await serve(
    'HTTP/1.1 403 Forbidden\r\nX-Request-Id: 01ABC\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nno',
    true,
  )
  const { seen, asked } = await send(url)
  assert.equal(seen.status, 403)
  assert.deepEqual([seen.ids, seen.cookies, seen.error], [[7], ['a=b'], undefined])
  assert.deepEqual(
    asked.map(request => request.reference),
    ['01ABC'],
  )
})

test('an answer that never ends is an error after a bounded wait', async () => {
  const { seen } = await send(await serve('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno', true))
  assert.equal(seen.error, 'no whole answer in time')
})

test('a closed connection is an error', async () => {
  assert.match((await send(await serve(''))).seen.error ?? '', /closed without an answer/)
})

test('no server is an error', async () => {
  assert.match((await send(new URL('http://127.0.0.1:1'))).seen.error ?? '', /can't connect/)
})

const answers: [name: string, received: string, method: string, closed: boolean, whole: boolean][] = [
  ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na', 'GET', false, true],
  ['too short', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na', 'GET', false, false],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n', 'GET', false, true],
  ['open chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n', 'GET', false, false],
  ['until the end', 'HTTP/1.0 200 OK\r\n\r\na', 'GET', false, false],
  ['at the end', 'HTTP/1.0 200 OK\r\n\r\na', 'GET', true, true],
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HEAD', false, true],
  ['after 100', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', 'POST', false, true],
  ['only 100', 'HTTP/1.1 100 Continue\r\n\r\n', 'POST', false, false],
  ['no HTTP', 'hello\r\n\r\n', 'GET', true, false],
]
for (const [name, received, method, closed, whole] of answers) {
  test(`answer: ${name}`, () => assert.equal(readAnswer(received, method, closed) !== undefined, whole))
}
