// `listen:` as the gateway uses it: files absolute, names of authorities as URLs, domains from the routes.

import { resolve } from 'node:path'
import type { AcmeConfig, ListenConfig, TlsConfig } from './config.ts'
import type { ConfigInput } from './schema.ts'

type ListenInput = ConfigInput['listen'][number]

const directories: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
}

const yearMs = 365 * 86_400_000

export function resolveListen(input: ConfigInput, dir: string): ListenConfig[] {
  return input.listen.map((listen, i): ListenConfig => {
    const { http, https, redirect = false, proxyProtocol = false, http2 = https !== undefined } = listen
    const address = https ?? http ?? { host: '', port: 0 } // the schema wants one of them
    const tls = https && resolveTls(listen, i, input.routes, dir)
    return { ...address, protocol: tls ? 'https' : 'http', redirect, proxyProtocol, http2, tls }
  })
}

function resolveTls(listen: ListenInput, i: number, routes: ConfigInput['routes'], dir: string): TlsConfig {
  const { cert, key, certificates = [], acme, hsts = yearMs, clientCa, clientCrl, clientCert = 'require' } = listen
  const inDir = (file: string) => resolve(dir, file)
  const files = certificates.map((pair, n) => ({
    cert: inDir(pair.cert),
    key: inDir(pair.key),
    path: `listen.${i}.certificates.${n}`,
  }))
  if (cert !== undefined && key !== undefined) {
    files.push({ cert: inDir(cert), key: inDir(key), path: `listen.${i}.cert` })
  }
  return {
    certificates: files,
    acme: acme && resolveAcme(acme, routes, dir),
    hstsSeconds: hsts === 'off' ? 0 : Math.floor(hsts / 1000),
    clients:
      clientCa === undefined
        ? undefined
        : { ca: inDir(clientCa), crl: clientCrl === undefined ? undefined : inDir(clientCrl), mode: clientCert },
  }
}

function resolveAcme(acme: NonNullable<ListenInput['acme']>, routes: ConfigInput['routes'], dir: string): AcmeConfig {
  const { domains, email, directory, ca, challenge, dnsHook, dnsWait = 30_000, eab } = acme
  const hosts = routes.map(route => route.match.host ?? '').filter(host => /^[a-z0-9_]/.test(host))
  return {
    domains: [...new Set(domains ?? hosts)],
    email,
    directory: directories[directory] ?? directory,
    ca: ca === undefined ? undefined : resolve(dir, ca),
    challenge,
    ...(dnsHook && { dnsHook: { command: dnsHook, waitMs: dnsWait } }),
    eab: eab && {
      kid: eab.kid,
      hmacKey: eab.hmacKey.replace(/^file:(.*)/, (_, file: string) => `file:${resolve(dir, file)}`),
    },
  }
}
