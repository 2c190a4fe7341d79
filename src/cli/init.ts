// merlon init: writes a merlon.yaml that works as it stands, with every section explained. Never overwrites.

import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { originProblem } from '../config/fields.ts'
import { action } from './action.ts'
import { CommandFailure, examples, print, printJson } from './output.ts'

interface InitOptions {
  readonly config: string
  readonly upstream: string
  readonly json?: true
}

export function define(command: Command): void {
  command
    .option('-c, --config <file>', 'file to write', 'merlon.yaml')
    .option('-u, --upstream <url>', 'the application to protect', 'http://127.0.0.1:3000')
    .option('--json', 'print {"file"} as JSON')
    .action(action(init))
  examples(command, [
    ['merlon init', 'write ./merlon.yaml for an application on port 3000'],
    ['merlon init -u http://10.0.0.5:8000', 'for an application elsewhere'],
    ['merlon check && merlon run', 'what to do next'],
  ])
}

function init({ config, upstream, json }: InitOptions): number {
  const problem = originProblem(upstream)
  if (problem) throw new CommandFailure(`--upstream ${upstream}: ${problem}`, 2)
  try {
    writeFileSync(config, template(new URL(upstream).origin), { flag: 'wx', mode: 0o644 })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') throw new CommandFailure(`${config} is there already, and is left as it is`)
    throw new CommandFailure(`${config} can't be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (json) printJson({ file: config })
  else print(`Wrote ${config}. Next: merlon check -c ${config} && merlon run -c ${config}`)
  return 0
}

function template(upstream: string): string {
  return `# Merlon: what the gateway listens on, what it protects, and how. \`merlon check\` says all that is wrong with it.
# Durations are written 500ms, 30s, 15m, 7d; sizes 64KiB, 1MiB.

# protect: refuse attacks. monitor: let everything pass and record what protect would have refused. off: only proxy.
# Here for the whole gateway; routes and guards may have a mode of their own, and the least strict one counts.
mode: protect

listen:
  - http: "127.0.0.1:8080"        # ":8080" is every address of the machine

upstreams:
  app:
    servers: ["${upstream}"]      # several servers share the load
    # health: { path: /healthz, interval: 5s }

# Guards in the order in which a request meets them. These are the defaults of every route.
guards:
  lists:
    allow: []                     # never limited, but still inspected
    deny: []                      # addresses and networks that are refused: 192.0.2.0/24
  rate: { limit: 1200, window: 1m, key: client.ip }
  # authn: { require: [oauth2, apiKey] }   # only callers with an access token or an API key
  waf: { rules: [builtin], paranoia: 1, threshold: 5 }

# The first route that fits best gets the request. Without a match: every request.
routes:
  - name: app
    to: app
  # - name: api
  #   match: { host: api.example.com, path: /v1/* }
  #   to: app
  #   guards:
  #     rate: { limit: 300 }      # laid over the defaults above
  #     waf: { mode: monitor }

# body: { inspected: 1MiB, max: 100MiB }
# limits: { headerBytes: 32KiB, headerTimeout: 10s }

# accounts:
#   oauth: { issuer: "https://api.example.com" }   # OAuth 2.0 at /oauth/token; \`merlon clients create\` makes clients

trustedProxies: []                # proxies in front of this gateway whose x-forwarded-for is believed: 10.0.0.0/8
store: { state: ./.merlon }       # events and the admin socket; seen from the folder of this file
# admin: { listen: "127.0.0.1:9000" }   # health and metrics over HTTP
events: { retention: 30d }        # stdout: ecs prints each event as a line of JSON
`
}
