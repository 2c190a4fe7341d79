// What certificates the listeners of a config show: those of files, those of the state folder, or one signed by itself.
// Lives in the main thread; workers get what it made as plain data. What can't be used never replaces what can.

import { createSecureContext } from 'node:tls'
import type { Config, TlsConfig } from '../config/config.ts'
import type { Problem } from '../lib/problem.ts'
import type { ClientCertificates } from '../listen/settings.ts'
import { type KnownCertificate, readCertificate } from './certificate.ts'
import { type ClientRule, readClientRule, ruleKey } from './client-rule.ts'
import { CertificateFolder } from './files.ts'
import { acmeName, covers } from './names.ts'
import { readAuthorities, readText } from './pem-files.ts'
import { createSelfSigned } from './self-signed.ts'

/** Of one https listener. */
export interface Credentials {
  readonly certificates: readonly KnownCertificate[]
  readonly clients: ClientCertificates | undefined
  readonly isSelfSigned: boolean
}

/** Client certificates that routes demand, by name of the rule. */
export type CertificateRules = Readonly<Record<string, ClientRule>>

export type ReadResult =
  /** By place in `listen:`; undefined for http. */
  | {
      readonly ok: true
      readonly credentials: readonly (Credentials | undefined)[]
      readonly rules: CertificateRules
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const dayMs = 86_400_000
/** A certificate of our own is made anew when so little of it is left. */
const selfSignedLeftMs = 30 * dayMs

/** Reads the files of a config, and signs what is missing; without `writes` nothing of it is kept. */
export function readCredentials(config: Config, nowMs: number, options: { readonly writes: boolean }): ReadResult {
  const problems: Problem[] = []
  const folder = new CertificateFolder(config.store.state)
  const say = (path: string, message: string) => {
    problems.push({ code: 'certificate.bad', severity: 'error', file: config.file, line: 0, column: 0, path, message })
  }
  const rules = readRules(config, say)
  const credentials = config.listen.map(({ tls }, i): Credentials | undefined => {
    if (!tls) return undefined
    const given = tls.certificates.flatMap(files => readFiles(files, say) ?? [])
    const own = tls.certificates.length > 0 ? undefined : ownCertificate(tls, config, folder, nowMs, options.writes)
    return {
      certificates: own ? [own.certificate] : given,
      clients: withRules(tls.clients && readClients(tls.clients, `listen.${i}`, say), tls.clients, rules),
      isSelfSigned: own?.isSelfSigned ?? false,
    }
  })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, credentials, rules }
}

/** Every file whose change means to read all again. */
export function credentialFiles(config: Config): string[] {
  const ofRoutes = config.routes.flatMap(({ clientCert }) =>
    clientCert ? [clientCert.ca, clientCert.crl ?? []].flat() : [],
  )
  const ofListeners = config.listen.flatMap(({ tls }) => [
    ...(tls?.certificates ?? []).flatMap(({ cert, key }) => [cert, key]),
    ...(tls?.clients ? [tls.clients.ca, tls.clients.crl ?? []].flat() : []),
  ])
  return [...new Set([...ofListeners, ...ofRoutes])]
}

function readRules(config: Config, say: Say): CertificateRules {
  const rules: Record<string, ClientRule> = {}
  for (const { name, clientCert } of config.routes) {
    if (!clientCert || Object.hasOwn(rules, ruleKey(clientCert))) continue
    const read = readClientRule(clientCert, (key, message) => say(`routes.${name}.clientCert.${key}`, message))
    if (read) rules[ruleKey(clientCert)] = read
  }
  return rules
}

/**
 * The handshake asks for certificates of every authority that the listener or a route believes. OpenSSL would want a
 * revocation list of each of them if it had one, so lists are looked at by the rules then.
 */
function withRules(
  clients: ClientCertificates | undefined,
  files: TlsConfig['clients'],
  rules: CertificateRules,
): ClientCertificates | undefined {
  const ofRoutes = Object.values(rules).map(({ ca }) => ca)
  if (ofRoutes.length === 0) return clients
  const own = files && clients && readClientRule({ ca: files.ca, crl: files.crl, names: [] }, () => {})
  return {
    ca: [...(clients ? [clients.ca] : []), ...ofRoutes].join('\n'),
    crl: undefined,
    mode: clients?.mode ?? 'request',
    own: own?.rule ?? 'none',
  }
}

type Say = (path: string, message: string) => void

function readFiles({ cert, key, path }: TlsConfig['certificates'][number], say: Say): KnownCertificate | undefined {
  try {
    return readCertificate(readText(cert), readText(key))
  } catch (error) {
    say(path, messageOf(error))
    return undefined
  }
}

function ownCertificate(
  { acme }: TlsConfig,
  config: Config,
  folder: CertificateFolder,
  nowMs: number,
  writes: boolean,
): { certificate: KnownCertificate; isSelfSigned: boolean } {
  const issued = acme && folder.read(acmeName(acme.domains))
  if (issued && covers(issued, acme.domains)) return { certificate: issued, isSelfSigned: false }
  const names = selfSignedNames(config, acme?.domains ?? [])
  const known = folder.read('self-signed')
  if (known && known.expiresMs - nowMs > selfSignedLeftMs && covers(known, names)) {
    return { certificate: known, isSelfSigned: true }
  }
  const { cert, key } = createSelfSigned(names, nowMs)
  const certificate = writes ? folder.write('self-signed', cert, key) : readCertificate(cert, key)
  return { certificate, isSelfSigned: true }
}

/** What it is called by those who try it, and the hosts of the routes. One certificate serves all listeners. */
function selfSignedNames(config: Config, domains: readonly string[]): string[] {
  const hosts = config.routes.flatMap(({ match }) => match.host ?? []).filter(host => !host.startsWith('['))
  const acme = config.listen.flatMap(({ tls }) => tls?.acme?.domains ?? [])
  return [...new Set(['localhost', '127.0.0.1', ...domains, ...acme, ...hosts])].slice(0, 500)
}

function readClients(
  { ca, crl, mode }: NonNullable<TlsConfig['clients']>,
  path: string,
  say: Say,
): ClientCertificates | undefined {
  const read = (key: string, work: () => string): string | undefined => {
    try {
      return work()
    } catch (error) {
      say(`${path}.${key}`, messageOf(error))
      return undefined
    }
  }
  const caText = read('clientCa', () => readAuthorities(ca))
  const crlText = crl === undefined ? undefined : read('clientCrl', () => readRevocations(crl))
  if (caText === undefined || (crl !== undefined && crlText === undefined)) return undefined
  return { ca: caText, crl: crlText, mode }
}

function readRevocations(file: string): string {
  const text = readText(file)
  createSecureContext({ crl: text })
  return text
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
