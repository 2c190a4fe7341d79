// The gateway as a user runs it, `merlon run` in a process of its own, before a back end in another, so that its memory
// can be seen and its clients can be measured.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../src/lib/free-port.test-helper.ts'

export interface Product {
  readonly ports: readonly number[]
  /** Resident memory in bytes. */
  rss(): number
  /** CPU time of all its threads so far. */
  cpuSeconds(): number
  close(): Promise<void>
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * @param listen Makes `listen:` of the ports that are free. @param heapMiB Bounds the heap of each thread, which else
 * grows with the machine as long as there is memory.
 */
export async function startProduct(
  listen: (ports: readonly number[]) => object[],
  sections: object | ((ports: readonly number[]) => object),
  heapMiB?: number,
): Promise<Product> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-edge-'))
  const backend = spawn(process.execPath, [join(root, 'tests/edge/backend.ts')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const backendPort = await new Promise<string>(resolve =>
    backend.stdout.once('data', text => resolve(String(text).trim())),
  )
  const ports = [await freePort(), await freePort()]
  const config = {
    listen: listen(ports),
    upstreams: { app: { servers: [`http://127.0.0.1:${backendPort}`] } },
    routes: [{ to: 'app' }],
    ...(typeof sections === 'function' ? sections(ports) : sections),
  }
  writeFileSync(join(dir, 'merlon.yaml'), JSON.stringify(config))
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'run', '-c', 'merlon.yaml'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(heapMiB !== undefined && { NODE_OPTIONS: `--max-old-space-size=${heapMiB}` }) },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      said = (said + chunk).slice(-4096)
    })
  }
  const close = async () => {
    await stop(child)
    backend.kill()
    rmSync(dir, { recursive: true, force: true })
  }
  for (let waitedMs = 0; !said.includes('serving'); waitedMs += 50) {
    if (child.exitCode !== null || waitedMs > 30_000) {
      await close()
      throw new Error(`the gateway did not start: ${said}`)
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const pid = child.pid ?? 0
  return { ports, rss: () => residentBytes(pid), cpuSeconds: () => cpuSeconds(pid), close }
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}

/** utime and stime, in hundredths of a second. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}

/** Runs a program and gives what it printed. */
export function runTool(command: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        text += chunk
      })
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.once('error', reject).once('exit', () => {
      clearTimeout(timer)
      resolve(text)
    })
  })
}
