// For tests: runs the command line as a process, in a folder of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A new empty folder, gone when the tests of the file are over. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-cli-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function spawnCli(args: readonly string[], cwd: string): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
}

export async function cli(args: readonly string[], cwd: string, stdin: string | Uint8Array = ''): Promise<CliResult> {
  const child = spawnCli(args, cwd)
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', chunk => (stdout += chunk))
  child.stderr?.setEncoding('utf8').on('data', chunk => (stderr += chunk))
  child.stdin?.on('error', () => {}) // it may end before it has read all
  child.stdin?.end(stdin)
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  return { code, stdout, stderr }
}

/** Waits until the child has printed a line that fits, and returns it. */
export function lineOf(child: ChildProcess, fits: (line: string) => boolean, timeoutMs = 90_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    let errors = ''
    const timer = setTimeout(() => reject(new Error(`no such line in time\n${text}\n${errors}`)), timeoutMs)
    child.stderr?.on('data', chunk => (errors += chunk))
    child.stdout?.setEncoding('utf8').on('data', chunk => {
      text += chunk
      const line = text.split('\n').slice(0, -1).find(fits)
      if (line === undefined) return
      clearTimeout(timer)
      resolve(line)
    })
    child.on('close', code => {
      clearTimeout(timer)
      reject(new Error(`ended with ${code}\n${text}\n${errors}`))
    })
  })
}
