// Which addresses the workers listen on: named so that they are known again after a reload, and free to be taken.

import { createServer } from 'node:net'
import type { Address, Config } from './config/config.ts'
import type { Problem } from './lib/problem.ts'
import type { ListenerSettings } from './listen/settings.ts'
import type { Listening, Plan } from './messages.ts'

/** Two listeners on `127.0.0.1:0` are two keys; a port found for a key stays its port. */
export function listensOf(config: Config, known: readonly Listening[]): Listening[] {
  const seen = new Map<string, number>()
  return config.listen.map(({ host, port }, i) => {
    const name = `${host}:${port}`
    const nth = seen.get(name) ?? 0
    seen.set(name, nth + 1)
    const key = `${name}#${nth}`
    const address = known.find(listening => listening.key === key)?.address ?? { host, port }
    return { key, address, path: `listen.${i}` }
  })
}

/** @param settings By place in `listen:`, as `listen` is. */
export function planOf(config: Config, listen: readonly Listening[], settings: readonly ListenerSettings[]): Plan {
  const secure = config.listen.flatMap((entry, i) => (entry.tls ? [{ port: entry.port, key: listen[i]?.key }] : []))
  const target = secure.find(({ port }) => port === 443) ?? secure[0]
  const plans = listen.map(({ key }, i) => {
    const own = settings[i]
    if (!own) throw new Error(`no settings for ${key}`)
    return [key, { settings: own, redirectTo: config.listen[i]?.redirect ? target?.key : undefined }] as const
  })
  return Object.fromEntries(plans)
}

/**
 * Ports that another program holds. Workers share their port with whoever shares it too, so a second gateway on the same
 * port would start and take half of the connections: an exclusive attempt finds it.
 */
export async function findTaken(listen: readonly Listening[]): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const { address, path } of listen) {
    if (address.port === 0 || !(await isTaken(address))) continue
    const message = 'another program listens on this address already'
    problems.push({ code: 'listen.failed', severity: 'error', file: '', line: 0, column: 0, path, message })
  }
  return problems
}

function isTaken({ host, port }: Address): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(false)))
  })
}
