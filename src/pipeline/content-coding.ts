// Content codings of request bodies (RFC 9110 §8.4). Telemetry and API clients send gzip; guards must see what the
// upstream will see, so a body that fits is decoded for them, within the bound of an inspected body, and goes upstream
// as it came. What can't be decoded stays opaque, and the guard that has to read it refuses.

import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { ByteString } from '../lib/bytes.ts'
import type { HeaderList } from './headers.ts'

type Decoder = (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer

/** `deflate` means the zlib format; raw deflate, which some readers also take, fails and stays opaque. */
const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
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

/** The decoded body; `too-large` beyond `maxBytes`; undefined when it is no such body. */
export function decodeBody(
  coding: ByteString,
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array | 'too-large' | undefined {
  const decoder = decoders.get(coding)
  if (decoder === undefined) return undefined
  try {
    return decoder(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    return error instanceof RangeError ? 'too-large' : undefined
  }
}
