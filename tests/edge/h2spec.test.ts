// HTTP/2 conformance by h2spec, against Merlon and against a plain Node server: Merlon may fail nothing that Node passes.
// H2SPEC names the binary (docs/http2.md tells how to build it); without it this is skipped.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { startTestGateway } from '../e2e/gateway-harness.ts'
import { noOpenssl, openAuthority } from '../e2e/tls-harness.ts'

const binary = process.env['H2SPEC'] ?? ''
const skip = binary === '' ? 'H2SPEC names no binary' : noOpenssl

/** `6.7. PING: 2: Sends a PING frame with ACK`, and the last line. */
function run(port: number): Promise<{ failures: string[]; summary: string }> {
  return new Promise(resolve => {
    const args = ['-h', '127.0.0.1', '-p', String(port), '-t', '-k', '-o', '2']
    execFile(binary, args, { timeout: 240_000, maxBuffer: 2 ** 26 }, (_error, stdout) => {
      const lines = stdout.slice(stdout.indexOf('Failures:')).split('\n')
      let section = ''
      const failures: string[] = []
      for (const line of lines) {
        const heading = /^\s*(\d+(?:\.\d+)*\. .+)$/.exec(line)?.[1]
        const failed = /^\s*× (.+)$/.exec(line)?.[1]
        if (heading !== undefined) section = heading
        if (failed !== undefined) failures.push(`${section}: ${failed}`)
      }
      resolve({ failures, summary: /\d+ tests, .*/.exec(stdout)?.[0] ?? 'no result' })
    })
  })
}

test('h2spec: nothing fails that plain Node passes', { skip, timeout: 600_000 }, async t => {
  const pair = openAuthority().issue('node', 'DNS:localhost')
  const answer = 'hello'
  const plain = createSecureServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, (req, res) => {
    req.resume().on('end', () => res.end(answer))
  })
  plain.on('sessionError', () => {})
  await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
  t.after(() => plain.close())
  const { gateway } = await startTestGateway(t, { listen: [{ https: '127.0.0.1:0' }], workers: 1 }, (req, res) => {
    req.resume().on('end', () => res.end(answer))
  })
  const node = await run((plain.address() as AddressInfo).port)
  const merlon = await run(gateway.listening[0]?.port ?? 0)
  console.log(`plain Node: ${node.summary}\n  ${node.failures.join('\n  ')}`)
  console.log(`Merlon: ${merlon.summary}\n  ${merlon.failures.join('\n  ')}`)
  assert.match(merlon.summary, /^146 tests/)
  assert.deepEqual(
    merlon.failures.filter(failure => !node.failures.includes(failure)),
    [],
  )
})
