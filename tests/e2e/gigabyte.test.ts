// 1 GiB up and 1 GiB down through a gateway in a process of its own: its memory must not follow the size.

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { request } from 'undici'
import { spawnCli } from './cli-run.ts'

const size = 1024 ** 3
const firstRound = 192 * 1024 ** 2
const growthMax = 64 * 1024 ** 2
const piece = Buffer.alloc(256 * 1024, 'merlon ')

async function* pieces(bytes: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece
}

/** Resident bytes of a process. */
function rss(child: ChildProcess): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}

test('1 GiB up and 1 GiB down in flat memory', {
  skip: process.platform !== 'linux' && 'reads /proc',
  timeout: 240_000,
}, async t => {
  const backend = createServer(async (req, res) => {
    if (req.url === '/up') {
      let received = 0
      for await (const chunk of req) received += chunk.length
      res.end(String(received))
    } else {
      const bytes = Number(req.url?.split('?')[1])
      res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
      for await (const chunk of pieces(bytes))
        if (!res.write(chunk)) await new Promise(resolve => res.once('drain', resolve))
      res.end()
    }
  })
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
  t.after(() => backend.close())

  const dir = mkdtempSync(join(tmpdir(), 'merlon-gib-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const config = join(dir, 'merlon.yaml')
  writeFileSync(
    config,
    `listen: [{ http: "127.0.0.1:0" }]
upstreams: { app: { servers: ["http://127.0.0.1:${(backend.address() as AddressInfo).port}"] } }
routes: [{ to: app }]
body: { max: 2GiB }
workers: 1
`,
  )
  const child = spawnCli(['run', '-c', config], dir)
  t.after(() => child.kill('SIGKILL'))
  const said = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr?.on('data', chunk => {
      text += chunk
      if (text.includes('serving')) resolve(text)
    })
    child.once('close', () => reject(new Error(text)))
  })
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]

  const upload = (bytes: AsyncIterable<Buffer>) =>
    request(`${url}/up`, {
      method: 'POST',
      body: Readable.from(bytes),
      headers: { 'content-type': 'application/octet-stream' },
    })
  const download = async (path: string) => {
    const { body } = await request(`${url}${path}`)
    let received = 0
    for await (const chunk of body) received += chunk.length
    return received
  }
  // A first round both ways, so that buffers, compiled code and the collector's slack are there before the measure.
  assert.equal(await (await upload(pieces(firstRound))).body.text(), String(firstRound))
  assert.equal(await download(`/down?${firstRound}`), firstRound)
  const before = rss(child)

  let highest = before
  const watch = setInterval(() => {
    highest = Math.max(highest, rss(child))
  }, 50)
  t.after(() => clearInterval(watch))

  assert.equal(await (await upload(pieces(size))).body.text(), String(size))
  const upGrowth = highest - before
  assert.equal(await download(`/down?${size}`), size)
  const growth = highest - before
  t.diagnostic(`RSS ${mib(before)} before, ${mib(upGrowth)} more at most during the upload, ${mib(growth)} in all`)
  assert.ok(growth < growthMax, `grew by ${mib(growth)}`)
})

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`
}
