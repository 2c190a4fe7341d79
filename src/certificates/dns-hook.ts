// Proofs by DNS (RFC 8555 §8.4): a command of the operator puts a TXT record there and takes it away again. It is run
// without a shell as `COMMAND… present|cleanup NAME VALUE`, where NAME is `_acme-challenge.example.com`.

import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { DnsHookConfig } from '../config/config.ts'

const hookTimeoutMs = 120_000
const saidMax = 500

/** @throws Error with what the command said */
export async function presentRecord({ command, waitMs }: DnsHookConfig, domain: string, value: string): Promise<void> {
  await run(command, ['present', recordName(domain), value])
  await delay(waitMs)
}

export async function cleanUpRecord({ command }: DnsHookConfig, domain: string, value: string): Promise<void> {
  await run(command, ['cleanup', recordName(domain), value])
}

function recordName(domain: string): string {
  return `_acme-challenge.${domain.replace(/^\*\./, '')}`
}

function run([file = '', ...before]: readonly string[], args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(file, [...before, ...args], { timeout: hookTimeoutMs }, (error, _stdout, stderr) => {
      if (!error) return resolve()
      reject(new Error(`${file} ${args[0]}: ${(stderr.trim() || error.message).slice(0, saidMax)}`))
    })
  })
}
