// A certificate authority for tests: pebble with its DNS server, from apt, on loopback. Tests skip loudly without it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../../src/lib/free-port.test-helper.ts'
import { delay } from './gateway-harness.ts'
import { noOpenssl } from './tls-harness.ts'

export const noPebble =
  noOpenssl || (isThere('pebble') && isThere('pebble-challtestsrv') ? false : 'no pebble (apt-get install pebble)')

function isThere(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export function freePorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, freePort))
}

export interface PebbleOptions {
  /** Where it looks for HTTP-01 and TLS-ALPN-01. */
  readonly httpPort: number
  readonly tlsPort: number
  /** Key id → base64url key: an account needs one. */
  readonly eab?: Readonly<Record<string, string>>
}

export async function startPebble(t: TestContext, { httpPort, tlsPort, eab }: PebbleOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-pebble-'))
  const [port = 0, management = 0, dns = 0, dnsManagement = 0] = await freePorts(4)
  const ca = join(dir, 'pc.pem')
  const key = join(dir, 'pk.pem')
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3']
  const files = ['-subj', '/CN=127.0.0.1', '-addext', names, '-keyout', key, '-out', ca]
  execFileSync('openssl', ['req', '-x509', ...newKey, ...files], { stdio: 'ignore' })
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: ca,
    privateKey: key,
    httpPort,
    tlsPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: eab !== undefined,
    ...(eab && { externalAccountMACKeys: eab }),
  }
  const config = join(dir, 'pebble.json')
  writeFileSync(config, JSON.stringify({ pebble }))
  const dnsArgs = ['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-http01', '', '-https01', '', '-tlsalpn01', '']
  const dnsPlaces = ['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`]
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '30', PEBBLE_AUTHZREUSE: '0' }
  const children = [spawn('pebble-challtestsrv', [...dnsArgs, ...dnsPlaces], { stdio: 'ignore' })]
  const start = () => {
    const child = spawn('pebble', ['-config', config, '-dnsserver', `127.0.0.1:${dns}`], { env, stdio: 'ignore' })
    children.push(child)
    return child
  }
  const main = start()
  t.after(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  const directory = `https://127.0.0.1:${port}/dir`
  await ready(directory, ca)
  return { directory, ca, dnsUrl: `http://127.0.0.1:${dnsManagement}`, stop: () => ended(main) }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

async function ready(directory: string, ca: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
    const isUp = await new Promise<boolean>(resolve => {
      get(directory, { ca: readFileSync(ca), agent: false }, res => {
        res.resume()
        resolve(res.statusCode === 200)
      }).on('error', () => resolve(false))
    })
    if (isUp) return
    await delay(50)
  }
  throw new Error('pebble does not start')
}
