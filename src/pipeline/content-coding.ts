// Content codings of request bodies (RFC 9110 §8.4). Telemetry and API clients send gzip; guards must see what the
// upstream will see, so a body that fits is decoded for them, within the bound of an inspected body, and goes upstream
// as it came. What can't be decoded stays opaque, and the guard that has to read it refuses.

import { brotliDecompressSync, constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { ByteString } from '../lib/bytes.ts'
import type { HeaderList } from './headers.ts'

/** RFC 9659: what HTTP carries needs no larger window, and what claims one would make us allocate it. */
const zstdParams = { [constants.ZSTD_d_windowLogMax]: 23 }

type Decoder = (bytes: Uint8Array, options: { maxOutputLength: number; info: true }) => Buffer

/** `deflate` means the zlib format; raw deflate, which some readers also take, fails and stays opaque. */
const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', (bytes, options) => zstdDecompressSync(bytes, { ...options, params: zstdParams })],
])

/** The Content-Encoding that is not `identity`, joined over its lines; undefined when there is none. */
export function contentCoding(headers: HeaderList): ByteString | undefined {
  if (headers.get('content-encoding') === undefined) return undefined
  const codings = headers
    .getAll('content-encoding')
    .flatMap(value => value.split(','))
    .map(value => value.trim().toLowerCase())
    .filter(value => value !== '' && value !== 'identity')
  return codings.length === 0 ? undefined : codings.join(', ')
}

/** Whether decodeBody can read it: one coding that we know. Stacked ones only hide things. */
export function isDecodable(coding: ByteString): boolean {
  return decoders.has(coding)
}

/**
 * The decoded body; `too-large` beyond `maxBytes`; undefined when it is no such body, or when bytes are left behind it:
 * another reader may go on with them (a second zstd frame, a gzip member behind padding).
 */
export function decodeBody(
  coding: ByteString,
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array | 'too-large' | undefined {
  const decoder = decoders.get(coding)
  if (decoder === undefined) return undefined
  try {
    // With `info` the answer is this pair, which the types don't know.
    const decoded: unknown = decoder(bytes, { maxOutputLength: maxBytes, info: true })
    const { buffer, engine } = decoded as { buffer: Buffer; engine: { bytesWritten: number } }
    return engine.bytesWritten === bytes.length ? buffer : undefined
  } catch (error) {
    return error instanceof RangeError ? 'too-large' : undefined
  }
}
