// merlon demo: the vulnerable shop behind a gateway in protect mode, on loopback, ready to be attacked.

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { startShop } from '../../demo/shop.ts'
import { askGateway } from '../admin/client.ts'
import { formatAddress } from '../config/fields.ts'
import { zeroConfig } from '../config/zero.ts'
import type { Mode } from '../pipeline/verdict.ts'
import { action } from './action.ts'
import { CommandFailure, examples, print, printJson, sayProblems } from './output.ts'

interface DemoOptions {
  readonly port: number
  readonly shopPort: number
  readonly adminPort: number
  readonly mode: Mode
  readonly state?: string
  readonly json?: true
}

const host = '127.0.0.1'
const demoFolder = fileURLToPath(new URL('../../demo/', import.meta.url))

/** What is for the staff alone, by the contract of the shop and a policy. */
const staffRoute = {
  name: 'staff',
  match: { path: '/admin/*' },
  to: 'app',
  openapi: join(demoFolder, 'openapi.yaml'),
  guards: { authz: { policies: join(demoFolder, 'policies/*.cedar') } },
}
const portsTried = 20

const attackOutcome = {
  protect: 'refused with 403 and a reference',
  monitor: 'passes, and is recorded',
  off: 'passes, and nothing is recorded',
} as const

export function define(command: Command): void {
  command
    .option('-p, --port <n>', 'port of the gateway; the next free one if it is taken; 0 for any', parsePort, 8080)
    .option('--shop-port <n>', 'port of the shop itself', parsePort, 0)
    .option('--admin-port <n>', 'port of health and metrics', parsePort, 0)
    .addOption(
      new Option('-m, --mode <mode>', 'protect refuses attacks, monitor only records them')
        .choices(['protect', 'monitor', 'off'])
        .default('protect'),
    )
    .option('--state <dir>', 'folder for events and the admin socket (default: .merlon/demo)')
    .option('--json', 'print {"ready","gateway","shop","admin","state"} as one line of JSON when it serves')
    .action(action(demo))
  examples(command, [
    ['merlon demo', 'start it, and get a curl that works and one that is refused'],
    ['merlon demo --mode monitor', 'the same attacks pass, and are recorded'],
  ])
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('Write a number from 0 to 65535.')
}

async function demo(options: DemoOptions): Promise<number> {
  const port = await freePort(options.port)
  const state = options.state ?? (await freeState(join('.merlon', 'demo')))
  const shop = await startShop({ port: options.shopPort })
  try {
    const made = zeroConfig({
      name: '(demo)',
      dir: process.cwd(),
      upstream: shop.url,
      listen: { host, port },
      admin: { host, port: options.adminPort },
      mode: options.mode,
      stateDir: state,
      routes: [staffRoute],
    })
    if (!made.ok) {
      sayProblems(made.problems)
      return 1
    }
    const { serve } = await import('./serve.ts')
    return await serve({
      config: made.config,
      onReady: ({ listening, admin }) => {
        const [address] = listening
        const gateway = `http://${formatAddress(address ?? { host, port })}`
        const adminUrl = admin && `http://${formatAddress(admin)}`
        if (options.json)
          printJson({ ready: true, gateway, shop: shop.url, admin: adminUrl, state: made.config.store.state })
        else print(welcome(gateway, shop.url, adminUrl ?? '', relative('.', made.config.store.state), options.mode))
      },
    })
  } finally {
    await shop.close()
  }
}

function welcome(gateway: string, shop: string, admin: string, state: string, mode: Mode): string {
  const attack = `curl -i -G ${gateway}/products --data-urlencode "q=' OR '1'='1' --"`
  return `
Merlon demo: a small shop full of holes, behind a gateway in ${mode} mode.

  ${gateway.padEnd(24)} the shop, through the gateway
  ${shop.padEnd(24)} the shop itself, to see that the holes are real
  ${admin.padEnd(24)} health and metrics (/healthz, /metrics)

Try it in another terminal:

  ${`curl '${gateway}/products?q=boots'`}
      an ordinary request: the shop answers
  ${attack}
      an attack: ${attackOutcome[mode]}
  ${launcher()} events query --state ${state}
      what was found, newest first; add --reference R for one request, --json for all of it

Ctrl-C ends it.
`
}

/** How to call this very program from here: a checkout is not on PATH. */
function launcher(): string {
  const root = new URL('../../', import.meta.url)
  return existsSync(new URL('src/', root)) ? relative('.', fileURLToPath(new URL('bin/merlon', root))) : 'merlon'
}

/** The port, or the next free one, so that a demo starts whatever else runs. */
async function freePort(wanted: number): Promise<number> {
  if (wanted === 0) return 0
  const last = Math.min(wanted + portsTried - 1, 65_535)
  for (let port = wanted; port <= last; port++) if (await isFree(port)) return port
  throw new CommandFailure(`the ports ${wanted} to ${last} are all taken: choose one with --port, or 0 for any`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}

/** A state folder belongs to one gateway: a second demo beside the first gets its own. */
async function freeState(wanted: string): Promise<string> {
  if (!existsSync(wanted)) return wanted
  const taken = await askGateway(wanted, 'GET', '/healthz').then(
    reply => reply !== undefined,
    () => true,
  )
  if (!taken) return wanted
  await mkdir('.merlon', { recursive: true, mode: 0o700 })
  return mkdtemp(`${wanted}-`)
}
