// The whole product as a user starts it: `merlon demo` as a child process, and what it says when it is ready.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface RunningDemo {
  readonly gatewayUrl: string
  readonly shopUrl: string
  readonly adminUrl: string
  close(): Promise<void>
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const readyTimeoutMs = 90_000
const stopTimeoutMs = 10_000

/** Why the demo can't be started from this tree, if so. */
export function demoMissing(): string | false {
  return existsSync(join(root, 'src/cli/demo.ts')) ? false : 'there is no src/cli/demo.ts yet'
}

/** Starts `merlon demo` on free ports, with a state folder of its own. */
export async function startDemo(extra: readonly string[] = []): Promise<RunningDemo> {
  const folder = await mkdtemp(join(tmpdir(), 'merlon-demo-'))
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'src/cli/main.ts'), 'demo', '--port', '0', '--json']
  const child = spawn(process.execPath, [...args, ...extra], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const close = async () => {
    await stop(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const { gateway, shop, admin } = await readReady(child)
    return { gatewayUrl: gateway, shopUrl: shop, adminUrl: admin, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The line `{"ready":true,"gateway":…,"shop":…,"admin":…}` on stdout. */
async function readReady(child: ChildProcess): Promise<{ gateway: string; shop: string; admin: string }> {
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('the demo has no output')
  let said = ''
  stderr.on('data', chunk => {
    said = (said + chunk).slice(-8_192)
  })
  const timer = setTimeout(() => child.kill(), readyTimeoutMs)
  try {
    for await (const line of createInterface(stdout)) {
      const ready = line.startsWith('{') ? JSON.parse(line) : undefined
      if (ready?.ready === true) return ready
    }
  } finally {
    clearTimeout(timer)
    stdout.resume()
  }
  throw new Error(`the demo ended before it was ready:\n${said}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}
