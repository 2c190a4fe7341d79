// Certificates and clients for tests over TLS. Certificates are made by openssl; what needs them skips without it.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

export const noOpenssl = hasOpenssl() ? false : 'no openssl'

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface Pair {
  /** Files. */
  readonly cert: string
  readonly key: string
  readonly pem: string
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A folder with an authority that signs certificates. */
export function openAuthority() {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-ca-'))
  const ca = join(dir, 'ca.pem')
  const caKey = join(dir, 'ca.key')
  openssl('req', '-x509', ...newKey, '-days', '9', '-subj', '/CN=Test CA', '-keyout', caKey, '-out', ca)
  const issue = (name: string, altNames: string, days = 5): Pair => {
    const [cert, key, csr, ext] = ['pem', 'key', 'csr', 'ext'].map(end => join(dir, `${name}.${end}`)) as [
      string,
      string,
      string,
      string,
    ]
    writeFileSync(ext, `subjectAltName=${altNames}\n`)
    openssl('req', '-new', ...newKey, '-subj', `/O=Example/CN=${name}`, '-keyout', key, '-out', csr)
    const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', String(days), '-extfile', ext]
    openssl('x509', '-req', '-in', csr, '-out', cert, ...signing)
    return { cert, key, pem: readFileSync(cert, 'utf8') }
  }
  /** A list of taken-back certificates, as a file. */
  const revoke = (...pairs: readonly Pair[]): string => {
    const [config, index, crl] = ['revoke.conf', 'index.txt', 'crl.pem'].map(file => join(dir, file)) as [
      string,
      string,
      string,
    ]
    writeFileSync(index, '')
    writeFileSync(join(dir, 'crlnumber'), '01\n')
    writeFileSync(
      config,
      `[ca]\ndefault_ca=a\n[a]\ndatabase=${index}\ncrlnumber=${join(dir, 'crlnumber')}\ndefault_md=sha256\ndefault_crl_days=5\n`,
    )
    for (const { cert } of pairs) {
      openssl('ca', '-config', config, '-revoke', cert, '-cert', ca, '-keyfile', caKey)
    }
    openssl('ca', '-config', config, '-gencrl', '-cert', ca, '-keyfile', caKey, '-out', crl)
    return crl
  }
  return { dir, ca, pem: readFileSync(ca, 'utf8'), issue, revoke }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly names: string
}

/** GET over a new TLS connection. */
export function get(port: number, path: string, options: ConnectionOptions & { host?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { servername = 'localhost' } = options
    const sent = request(
      { host: '127.0.0.1', port, path, agent: false, headers: { host: servername }, ...options, servername },
      res => {
        let body = ''
        const { subjectaltname = '' } = (res.socket as TLSSocket).getPeerCertificate()
        res.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        res.on('end', () => {
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body, names: subjectaltname })
        })
      },
    )
    sent.on('error', reject).end()
  })
}

/** A TLS connection on which the test speaks for itself. */
export function connectTls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => resolve(socket))
    socket.on('error', reject)
  })
}
