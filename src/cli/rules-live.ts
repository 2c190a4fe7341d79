// `merlon rules test --live`: the tests over sockets. With a URL against the gateway that runs there, whose state folder
// is asked what it found; without one against a gateway and a back end of our own, on free ports of loopback.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askGateway } from '../admin/client.ts'
import { formatAddress } from '../config/fields.ts'
import { parseConfig } from '../config/load.ts'
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

export function liveGatewayAt(url: string, state: string): LiveGateway {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new CommandFailure(`--live ${url}: write http://127.0.0.1:8080`, 2)
  return { options: { url: parsed, matches: matchSource(parsed, state) }, close: async () => {} }
}

/** Monitor mode, so that every test reaches the back end, and one point is enough, so that every match is told. */
export async function startLiveGateway(rules: readonly string[]): Promise<LiveGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-ftw-'))
  const backend = await startBackend()
  const undo = async () => {
    await backend.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const profile = join(folder, 'profile.conf')
  writeFileSync(profile, profileText())
  const paths = rules.map(word => (word === 'builtin' || word === 'crs' ? word : resolve(word)))
  const config = {
    mode: 'monitor',
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { backend: { servers: [backend.url] } },
    routes: [{ to: 'backend' }],
    guards: { rate: { mode: 'off' }, waf: { rules: [profile, ...paths], paranoia: profileParanoia, threshold: 1 } },
    store: { state: join(folder, 'state') },
    workers: 1, // so that events are stored in the order of the requests
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
  const close = async () => {
    await gateway.stop()
    await undo()
  }
  return { options: { url, matches: matchSource(url, loaded.config.store.state) }, close }
}

/** The test profile with an engine that interrupts: an interruption is what a guard reports. */
function profileText(): string {
  const texts = testProfile.map(source => ('text' in source ? source.text : ''))
  const threshold = `SecAction "id:77000090,phase:1,pass,nolog,t:none,setvar:tx.outbound_anomaly_score_threshold=1"\n`
  return `${texts.join('')}SecRuleEngine On\n${threshold}`
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

const eventTries = 100
const eventWaitMs = 20

/**
 * Asks the gateway for the event of a request. That there is none is known when the event of a later request is there:
 * one that is refused for two Host headers.
 */
function matchSource(url: URL, state: string): (request: LoggedRequest) => Promise<LoggedMatches> {
  return async ({ reference }) => {
    if (reference === undefined) return { ids: [], log: [] }
    const early = await eventOf(state, reference)
    if (early) return matchesOf(early)
    const marker = await sendMarker(url)
    for (let i = 0; i < eventTries && marker !== undefined && !(await eventOf(state, marker)); i++)
      await sleep(eventWaitMs)
    const event = await eventOf(state, reference)
    return event ? matchesOf(event) : { ids: [], log: [] }
  }
}

interface FtwEvent {
  readonly merlon: {
    readonly findings: readonly {
      readonly evidence: readonly { readonly rule: string; readonly message: string; readonly match: string }[]
    }[]
  }
}

async function eventOf(state: string, reference: string): Promise<FtwEvent | undefined> {
  const reply = await askGateway(state, 'GET', `/api/v1/events?reference=${encodeURIComponent(reference)}&limit=1`)
  if (!reply) throw new CommandFailure(`no gateway is running with the state folder ${state}`)
  return (reply.body as { events?: readonly { event: FtwEvent }[] }).events?.[0]?.event
}

function matchesOf(event: FtwEvent): LoggedMatches {
  const evidence = event.merlon.findings.flatMap(finding => finding.evidence)
  const ids = evidence.map(({ rule }) => Number(rule)).filter(Number.isSafeInteger)
  return { ids, log: evidence.map(({ rule, message, match }) => `[id "${rule}"] [msg "${message}"] [data "${match}"]`) }
}

function sendMarker(url: URL): Promise<string | undefined> {
  return new Promise(done => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 80 })
    let text = ''
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('data', chunk => (text += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => done(/\r\nx-request-id: *(\S+)/i.exec(text)?.[1]))
    socket.end('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')
  })
}
