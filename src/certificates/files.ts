// The folder of certificates that the gateway makes or gets itself, below the state folder: one folder each, readable
// for the owner only, replaced whole.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KnownCertificate, readCertificate } from './certificate.ts'

export class CertificateFolder {
  readonly #dir: string

  constructor(stateDir: string) {
    this.#dir = join(stateDir, 'certificates')
  }

  path(...names: readonly string[]): string {
    return join(this.#dir, ...names)
  }

  /** Undefined when there is none, or what is there is none. */
  read(name: string): KnownCertificate | undefined {
    try {
      const pem = readFileSync(this.path(`${name}.pem`), 'utf8')
      const keyAt = pem.search(/-----BEGIN (?:EC |RSA )?PRIVATE KEY-----/)
      return readCertificate(pem.slice(0, keyAt), pem.slice(keyAt))
    } catch {
      return undefined
    }
  }

  /** Chain and key in one file, so that no crash leaves a pair of two makers. */
  write(name: string, cert: string, key: string): KnownCertificate {
    const known = readCertificate(cert, key)
    this.writeText(`${name}.pem`, `${cert.trimEnd()}\n${key.trimEnd()}\n`)
    return known
  }

  readText(name: string): string | undefined {
    try {
      return readFileSync(this.path(name), 'utf8')
    } catch {
      return undefined
    }
  }

  writeText(name: string, text: string): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    const draft = this.path(`${name}.${process.pid}.new`)
    writeFileSync(draft, text, { mode: 0o600 })
    renameSync(draft, this.path(name))
  }
}
