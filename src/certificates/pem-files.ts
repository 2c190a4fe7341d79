// Reads PEM files that an operator named, with errors that say which and why.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'

/** @throws Error that says what is wrong with the file */
export function readAuthorities(file: string): string {
  const text = readText(file)
  new X509Certificate(text) // createSecureContext takes a text without any certificate in silence
  createSecureContext({ ca: text })
  return text
}

/** @throws Error that names the file */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = code === 'ENOENT' ? 'it does not exist' : error instanceof Error ? error.message : String(error)
    throw new Error(`${file} can’t be read: ${reason}`)
  }
}
