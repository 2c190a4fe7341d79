// merlon status: what the gateway with this state folder is doing.

import type { Command } from 'commander'
import type { GatewayStatus } from '../admin/runtime.ts'
import { action } from './action.ts'
import { ask } from './gateway-client.ts'
import { CommandFailure, examples, print, printJson } from './output.ts'
import { type StateOptions, stateOptions } from './state.ts'

export function define(command: Command): void {
  stateOptions(command).option('--json', 'print the status as JSON').action(action(status))
  examples(command, [
    ['merlon status', 'of the gateway that ./merlon.yaml describes; exit 1 when none runs'],
    ['merlon status --state .merlon/demo', 'of the demo'],
  ])
}

async function status(options: StateOptions & { readonly json?: true }): Promise<number> {
  const reply = await ask(options, 'GET', '/api/v1/status')
  if (reply.status !== 200) throw new CommandFailure(`the gateway replied ${reply.status}`)
  const status = reply.body as GatewayStatus
  if (options.json) printJson(status)
  else print(describe(status))
  return 0
}

function describe(status: GatewayStatus): string {
  const { config, workers, routes, upstreams, events } = status
  const row = (name: string, value: string) => `${name.padEnd(10)} ${value}`
  const list = (name: string, values: readonly string[]) => values.map((value, i) => row(i === 0 ? name : '', value))
  const reloads = config.reloads === 0 ? '' : `, reloaded ${config.reloads} times, last ${config.loadedAt}`
  return [
    row('gateway', `${status.state}, version ${status.version}, process ${status.pid}, since ${status.startedAt}`),
    row('config', `${config.file}, mode ${config.mode}${reloads}`),
    ...list('listening', status.listening),
    row('admin', status.admin ?? 'socket only'),
    row(
      'workers',
      `${workers.alive} of ${workers.wanted}${workers.restarts > 0 ? `, ${workers.restarts} restarted` : ''}`,
    ),
    ...list(
      'routes',
      routes.map(route => `${route.name} → ${route.to} (${route.mode})`),
    ),
    ...list(
      'upstreams',
      upstreams.map(({ upstream, url, healthy }) => `${upstream} ${url} ${healthy ? 'up' : 'DOWN'}`),
    ),
    row('events', `${events.stored} stored${events.dropped > 0 ? `, ${events.dropped} DROPPED` : ''}`),
  ].join('\n')
}
