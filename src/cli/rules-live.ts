// `merlon rules test --live`: the tests over sockets. With a URL against the gateway that runs there, whose audit log
// says what it found; without one against a gateway and a back end of our own, on free ports of loopback.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { formatAddress } from '../config/fields.ts'
import { parseConfig } from '../config/load.ts'
import { AuditLogReader } from '../ftw/audit-log.ts'
import { Backend } from '../ftw/backend.ts'
import type { LiveOptions, LoggedMatches, LoggedRequest } from '../ftw/live-target.ts'
import { profileParanoia, testProfile } from '../ftw/profile.ts'
import { startGateway } from '../gateway.ts'
import { bufferToBytes, bytesToBuffer } from '../lib/bytes.ts'
import { CommandFailure, sayProblems } from './output.ts'

export interface LiveGateway {
  readonly options: LiveOptions
  close(): Promise<void>
}

export function liveGatewayAt(url: string, auditLog: string | undefined): LiveGateway {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new CommandFailure(`--live ${url}: write http://127.0.0.1:8080`, 2)
  if (auditLog === undefined) throw new CommandFailure('--live URL needs --audit-log FILE, to see what was found', 2)
  const log = openLog(auditLog)
  return { options: { url: parsed, matches: matchSource(parsed, log) }, close: async () => log.close() }
}

/** The rules only detect, as the tests want, so that every request reaches the back end and every rule is asked. */
export async function startLiveGateway(rules: readonly string[]): Promise<LiveGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-ftw-'))
  const backend = await startBackend()
  const undo = async () => {
    await backend.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const profile = join(folder, 'profile.conf')
  writeFileSync(profile, testProfile.map(source => ('text' in source ? source.text : '')).join(''))
  const paths = rules.map(word => (word === 'builtin' || word === 'crs' ? word : resolve(word)))
  const file = join(folder, 'audit.json')
  const config = {
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { backend: { servers: [backend.url] } },
    // The tests are of the rules: what the gateway's own path rules would refuse is to reach them.
    routes: [{ to: 'backend', paths: 'asIs' }],
    guards: {
      rate: { mode: 'off' },
      waf: {
        rules: [profile, ...paths],
        paranoia: profileParanoia,
        audit: { file, transactions: 'all', parts: 'AHZ', mask: false },
      },
    },
    store: { state: join(folder, 'state') },
    workers: 1, // so that records are written in the order of the requests
  }
  const loaded = parseConfig(JSON.stringify(config), { file: '(rules test)', dir: folder })
  const started = loaded.ok ? await startGateway(loaded.config) : loaded
  if (!started.ok || !loaded.ok) {
    await undo()
    sayProblems(started.ok ? [] : started.problems)
    throw new CommandFailure('the gateway for the tests does not start')
  }
  const { gateway } = started
  const [address] = gateway.listening
  const url = new URL(`http://${formatAddress(address ?? { host: '127.0.0.1', port: 0 })}`)
  const log = openLog(file)
  const close = async () => {
    log.close()
    await gateway.stop()
    await undo()
  }
  return { options: { url, matches: matchSource(url, log) }, close }
}

function openLog(file: string): AuditLogReader {
  try {
    return new AuditLogReader(file)
  } catch (error) {
    throw new CommandFailure(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function startBackend(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const backend = new Backend()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = bufferToBytes(Buffer.concat(chunks))
      const answer = backend.answer({ method: req.method ?? '', target: req.url ?? '', body })
      res.writeHead(answer.status, [...answer.headers])
      res.end(bytesToBuffer(answer.body))
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const close = () =>
    new Promise<void>(done => {
      server.close(() => done())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** A record is written some 20 ms after the answer; when none comes, a later request's shows that there is none. */
const soonMs = 250
const lateMs = 5000

/** What refuses a request before any rule leaves no record. */
function matchSource(url: URL, log: AuditLogReader): (request: LoggedRequest) => Promise<LoggedMatches> {
  const none = { ids: [], log: [] }
  return async ({ reference }) => {
    if (reference === undefined) return none
    const found = await log.take(reference, soonMs)
    if (found) return found
    const marker = await sendMarker(url)
    if (marker !== undefined && !(await log.take(marker, lateMs))) {
      throw new CommandFailure(
        'the gateway writes no audit log of every request: set guards.waf.audit.transactions to all',
      )
    }
    return (await log.take(reference, 0)) ?? none
  }
}

function sendMarker(url: URL): Promise<string | undefined> {
  return new Promise(done => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 80 })
    let text = ''
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('data', chunk => (text += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => done(/\r\nx-request-id: *(\S+)/i.exec(text)?.[1]))
    socket.end(`GET / HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`)
  })
}
