// The ClientHello of a TLS connection (RFC 8446 §4.1.2), read from the bytes before the TLS library sees them: who the
// client wants to talk to, and how it talks. Attacker bytes: the answer is a hello, a wish for more, or a fault, and
// never a throw.

import { ByteReader } from './byte-reader.ts'

export interface ClientHello {
  /** The version field of the message itself: 0x0303 for TLS 1.3 too. */
  readonly legacyVersion: number
  readonly cipherSuites: readonly number[]
  /** Extension types in the order they came, each once. */
  readonly extensions: readonly number[]
  /** Whether there is a server_name extension at all: JA4 counts that, not its value. */
  readonly hasServerName: boolean
  /** Lower case; empty when there is none, or what stands there is no host name. */
  readonly serverName: string
  /** Protocols as byte strings. */
  readonly alpn: readonly string[]
  readonly supportedVersions: readonly number[]
  readonly signatureAlgorithms: readonly number[]
}

export type HelloResult =
  /** Not whole yet: don't look again before there are so many bytes. */
  | { readonly kind: 'more'; readonly wantedBytes: number }
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  | { readonly kind: 'fault'; readonly detail: string }

/** The fault of a hello that is too large. */
export const helloOverLimit = 'a hello over its limit'

const handshakeRecord = 22
const clientHelloMessage = 1
/** RFC 8446 §5.1. */
const recordBytesMax = 16_384
/** No client cuts its hello into more; each look reads all records from the start. */
const recordsMax = 32

/** Reads what has come on a connection so far. A hello of more than `limitBytes` is a fault. */
export function readClientHello(bytes: Uint8Array, limitBytes: number): HelloResult {
  const parts: Uint8Array[] = []
  let held = 0
  let at = 0
  for (let records = 0; ; records++) {
    if (records >= recordsMax) return unreadable('a hello in too many records')
    if (bytes.length > at && bytes[at] !== handshakeRecord) return unreadable('no TLS handshake')
    if (bytes.length < at + 5) return more(at + 5, limitBytes)
    if (bytes[at + 1] !== 3) return unreadable('an unknown record version')
    const length = (bytes[at + 3] ?? 0) * 256 + (bytes[at + 4] ?? 0)
    if (length === 0 || length > recordBytesMax) return unreadable('a record of a forbidden length')
    const end = at + 5 + length
    // The first bytes of the message tell what it is, before the whole of it is waited for.
    if (records === 0 && bytes.length > at + 5 && bytes[at + 5] !== clientHelloMessage)
      return unreadable('no ClientHello')
    if (bytes.length < end) return more(end, limitBytes)
    parts.push(bytes.subarray(at + 5, end))
    held += length
    at = end
    const message = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, held)
    if (held < 4) continue
    const reader = new ByteReader(message)
    reader.uint8()
    const wanted = reader.uint24()
    if (wanted + 4 > limitBytes) return unreadable(helloOverLimit)
    if (reader.left >= wanted) return parseClientHello(reader.take(wanted))
  }
}

function more(wantedBytes: number, limitBytes: number): HelloResult {
  return wantedBytes > limitBytes ? unreadable(helloOverLimit) : { kind: 'more', wantedBytes }
}

function unreadable(detail: string): HelloResult {
  return { kind: 'fault', detail }
}

function parseClientHello(body: Uint8Array): HelloResult {
  const reader = new ByteReader(body)
  const legacyVersion = reader.uint16()
  reader.take(32) // random
  reader.vector8() // session id
  const suites = reader.vector16()
  const cipherSuites = suites.uint16s()
  reader.vector8() // compression methods
  if (reader.overrun || suites.overrun) return unreadable('a ClientHello that ends too early')
  const found = new Extensions()
  if (reader.left > 0) {
    const list = reader.vector16()
    if (reader.overrun || reader.left > 0) return unreadable('extensions of a wrong length')
    while (list.left > 0) {
      const type = list.uint16()
      const content = list.vector16()
      if (list.overrun) return unreadable('an extension that ends too early')
      if (!found.add(type, content)) return unreadable(`extension ${type} is malformed or stands twice`)
    }
  }
  return { kind: 'hello', hello: { legacyVersion, cipherSuites, ...found.values() } }
}

const serverNameExtension = 0
const signatureAlgorithmsExtension = 13
const alpnExtension = 16
const supportedVersionsExtension = 43

class Extensions {
  readonly #types = new Set<number>()
  #serverName = ''
  #alpn: string[] = []
  #supportedVersions: number[] = []
  #signatureAlgorithms: number[] = []

  /** False when it is malformed, or there already (RFC 8446 §4.2). */
  add(type: number, content: ByteReader): boolean {
    if (this.#types.has(type)) return false
    this.#types.add(type)
    switch (type) {
      case serverNameExtension:
        this.#serverName = readServerName(content)
        break
      case alpnExtension:
        return this.#readAlpn(content.vector16())
      case supportedVersionsExtension: {
        const list = content.vector8()
        this.#supportedVersions = list.uint16s()
        return !list.overrun && !content.overrun
      }
      case signatureAlgorithmsExtension: {
        const list = content.vector16()
        this.#signatureAlgorithms = list.uint16s()
        return !list.overrun && !content.overrun
      }
    }
    return !content.overrun
  }

  values(): Omit<ClientHello, 'legacyVersion' | 'cipherSuites'> {
    return {
      extensions: [...this.#types],
      hasServerName: this.#types.has(serverNameExtension),
      serverName: this.#serverName,
      alpn: this.#alpn,
      supportedVersions: this.#supportedVersions,
      signatureAlgorithms: this.#signatureAlgorithms,
    }
  }

  #readAlpn(list: ByteReader): boolean {
    while (list.left > 0) {
      const name = list.take(list.uint8())
      if (list.overrun || name.length === 0) return false
      this.#alpn.push(Buffer.from(name).toString('latin1'))
    }
    return !list.overrun
  }
}

/** RFC 6066 §3: one name of type host_name. What is no host name is no name to us; the TLS library judges it itself. */
function readServerName(content: ByteReader): string {
  const list = content.vector16()
  if (list.uint8() !== 0) return ''
  const name = Buffer.from(list.vector16().bytes).toString('latin1').toLowerCase()
  return !list.overrun && name.length <= 253 && /^[a-z0-9._-]+$/.test(name) ? name : ''
}
