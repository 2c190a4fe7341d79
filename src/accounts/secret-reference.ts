// Secrets that the config names and does not hold: `env:NAME`, `file:PATH`.

import { readFileSync } from 'node:fs'

/** @throws Error when there is none to be had, in words for the operator */
export function readSecretReference(reference: string): string {
  const [, source, name = ''] = /^(env|file):(.+)$/s.exec(reference) ?? []
  if (source === undefined) throw new Error('is no place for a secret: write env:NAME or file:PATH')
  const text = source === 'env' ? process.env[name] : readFileSync(name, 'utf8').trim()
  if (text === undefined || text === '')
    throw new Error(`${source === 'env' ? 'the environment has no' : 'empty:'} ${name}`)
  return text
}
