// Takes TLS off connections: reads the ClientHello first, for its fingerprint and to tell a certificate authority's probe
// from a client, then gives the connection to node:tls with nothing missing. Made anew for every change of certificates
// or limits; connections that an old one took go on.

import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { certificatesIn } from '../lib/pem.ts'
import { certificateFault, type PresentedCertificate } from '../pipeline/certificate-rule.ts'
import type { ClientTls } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import { presentedCertificate } from './client-certificate.ts'
import type { Connection } from './connection.ts'
import type { OpeningLimit } from './connections.ts'
import { type ClientHello, helloOverLimit, readClientHello } from './hello/client-hello.ts'
import { ja4 } from './hello/ja4.ts'
import { cameTooSlowly, type Look, peek } from './peek.ts'
import { type Challenges, certificateFor, type TlsSettings } from './settings.ts'
import { contextOptions, createContext } from './tls-options.ts'

export interface TerminatorOptions {
  readonly tls: TlsSettings
  readonly http2: boolean
  readonly challenges: Challenges
  readonly limits: Limits
  readonly onSecure: (connection: Connection, socket: TLSSocket, tls: ClientTls) => void
  /** No TLS, or none that we speak. The connection is closed already. */
  /** @param limit The one that was passed, if it was that. */
  readonly onFailure: (connection: Connection | undefined, limit?: OpeningLimit) => void
}

interface Waiting {
  readonly connection: Connection
  readonly hello: ClientHello
}

const acmeProtocol = 'acme-tls/1'

export class TlsTerminator {
  readonly #options: TerminatorOptions
  readonly #server: Server
  readonly #challengeServer: Server | undefined
  readonly #authorities: readonly X509Certificate[]
  /** Handshakes under way, by the ends of their connection: node:tls makes its socket by itself. */
  readonly #waiting = new Map<string, Waiting>()

  /** @throws Error as node:tls does for bad certificates, which the main thread has tried before */
  constructor(options: TerminatorOptions) {
    this.#options = options
    this.#authorities = certificatesIn(options.tls.clients?.ca ?? '')
    this.#server = this.#createServer()
    this.#challengeServer = options.challenges.alpn.length > 0 ? this.#createChallengeServer() : undefined
  }

  async accept(connection: Connection): Promise<void> {
    const { limits } = this.#options
    const { raw } = connection
    const look = (bytes: Buffer) => asLook(readClientHello(bytes, limits.helloBytes), bytes)
    const seen = await peek(raw, look, limits.helloTimeout)
    if (raw.destroyed) return
    if (seen.kind !== 'found') {
      if (seen.kind === 'fault') this.#options.onFailure(connection, openingLimits.get(seen.detail))
      if (seen.kind === 'fault' && seen.detail === speaksHttp) raw.end(plainAnswer)
      else raw.destroy()
      return
    }
    const hello = seen.value
    const isProbe = hello.alpn.length === 1 && hello.alpn[0] === acmeProtocol && this.#challengeServer
    const key = endsKey(raw)
    this.#waiting.set(key, { connection, hello })
    raw.once('close', () => this.#waiting.delete(key))
    raw.on('error', ignore)
    const server = isProbe ? this.#challengeServer : this.#server
    server?.emit('connection', raw)
  }

  #createServer(): Server {
    const { tls, http2, limits } = this.#options
    const protocols = http2 ? ['h2', 'http/1.1'] : ['http/1.1']
    const [first] = tls.certificates
    if (!first) throw new Error('a TLS listener without a certificate')
    const contexts = new Map(tls.certificates.map(certificate => [certificate, createContext(certificate, tls)]))
    const server = createServer({
      ...contextOptions(first, tls),
      ticketKeys: Buffer.from(tls.ticketKeys),
      handshakeTimeout: limits.handshakeTimeout,
      requestCert: tls.clients !== undefined,
      rejectUnauthorized: tls.clients?.mode === 'require',
      SNICallback: (name, callback) => {
        const certificate = certificateFor(tls.certificates, name.toLowerCase()) ?? first
        callback(null, contexts.get(certificate))
      },
      ALPNCallback: offer => protocols.find(protocol => offer.protocols.includes(protocol)),
    })
    server.on('secureConnection', socket => this.#secured(socket))
    server.on('tlsClientError', (error, socket) => this.#failed(socket, error))
    return server
  }

  /** Says by its certificate alone that the name is ours (RFC 8737 §3), and nothing else. */
  #createChallengeServer(): Server {
    const { challenges, limits, tls } = this.#options
    const [first] = challenges.alpn
    const server = createServer({
      ...(first && contextOptions(first, { ...tls, clients: undefined })),
      handshakeTimeout: limits.handshakeTimeout,
      ALPNProtocols: [acmeProtocol],
      SNICallback: (name, callback) => {
        const certificate = certificateFor(challenges.alpn, name.toLowerCase())
        if (!certificate) return callback(new Error('no challenge for this name'))
        callback(null, createContext(certificate, { ...tls, clients: undefined }))
      },
    })
    server.on('secureConnection', socket => socket.on('error', ignore).end())
    server.on('tlsClientError', (error, socket) => this.#failed(socket, error))
    return server
  }

  #secured(socket: TLSSocket): void {
    const key = endsKey(socket)
    const waiting = this.#waiting.get(key)
    this.#waiting.delete(key)
    if (!waiting) {
      socket.destroy() // gone in this very moment
      return
    }
    const { connection, hello } = waiting
    const { clients } = this.#options.tls
    const presented = socket.authorized ? this.#presented(socket) : undefined
    const isGood = presented !== undefined && this.#isGood(presented)
    if (clients?.mode === 'require' && !isGood) return this.#failed(socket)
    this.#options.onSecure(connection, socket, {
      version: socket.getProtocol() ?? '',
      sni: hello.serverName,
      alpn: socket.alpnProtocol || '',
      ja4: ja4(hello),
      certificate: isGood ? presented.certificate : undefined,
      presented,
    })
  }

  #presented(socket: TLSSocket): PresentedCertificate | undefined {
    const leaf = socket.getPeerX509Certificate()
    return leaf && presentedCertificate(leaf, this.#authorities)
  }

  /** By what the listener itself believes. */
  #isGood(presented: PresentedCertificate): boolean {
    const own = this.#options.tls.clients?.own
    return own === undefined || (own !== 'none' && certificateFault(own, presented, Date.now()) === undefined)
  }

  #failed(socket: TLSSocket, error?: NodeJS.ErrnoException): void {
    const isSlow = error?.code === 'ERR_TLS_HANDSHAKE_TIMEOUT'
    const connection = this.#waiting.get(endsKey(socket))?.connection
    this.#options.onFailure(connection, isSlow ? 'handshakeTimeout' : undefined)
    socket.destroy()
  }
}

/** By fault of what was looked at. */
const openingLimits: ReadonlyMap<string, OpeningLimit> = new Map([
  [helloOverLimit, 'helloBytes'],
  [cameTooSlowly, 'helloTimeout'],
])

const speaksHttp = 'HTTP without TLS'

function asLook(result: ReturnType<typeof readClientHello>, bytes: Buffer): Look<ClientHello> {
  // The hello is for node:tls to read, so nothing is used up.
  if (result.kind === 'hello') return { kind: 'found', value: result.hello, usedBytes: 0 }
  if (result.kind === 'fault' && /^[A-Z]{3}/.test(bytes.toString('latin1', 0, 3))) {
    return { kind: 'fault', detail: speaksHttp }
  }
  return result
}

const plainText = 'This port speaks HTTPS.\n'
const plainAnswer = `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: ${plainText.length}\r\nconnection: close\r\n\r\n${plainText}`

function endsKey({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

function ignore(): void {}
