// How a request body is treated, by its content type: what is read before the decision, and what becomes of the rest.
// JSON, forms, XML and text that don't fit are denied; multipart and binary bodies are inspected in part, then stream
// through (docs/decisions/0005-large-bodies.md).

import type { HeaderList } from './headers.ts'

export type BodyClass = 'text' | 'multipart' | 'binary'

export interface BodyPolicy {
  readonly overflow: {
    readonly text: 'deny' | 'pass'
    readonly multipart: 'deny' | 'clip' | 'pass'
    readonly binary: 'deny' | 'clip' | 'pass'
  }
}

export const defaultBodyPolicy: BodyPolicy = { overflow: { text: 'deny', multipart: 'clip', binary: 'clip' } }

const binaryTypes = ['image/', 'audio/', 'video/', 'font/', 'model/']
const binaryApplicationTypes = new Set([
  'application/octet-stream',
  'application/pdf',
  'application/zip',
  'application/gzip',
  'application/x-gzip',
  'application/x-tar',
  'application/x-7z-compressed',
  'application/x-bzip2',
  'application/zstd',
  'application/vnd.rar',
  'application/wasm',
  'application/protobuf',
  'application/x-protobuf',
  'application/vnd.google.protobuf',
  'application/grpc',
  'application/msgpack',
  'application/cbor',
  'application/java-archive',
  'application/vnd.android.package-archive',
  'application/vnd.debian.binary-package',
])

/** Without a content type, or with one that we don't know, a body is text: many servers sniff it. */
export function classifyBody(headers: HeaderList): BodyClass {
  const type = mediaType(headers.get('content-type'))
  if (type.startsWith('multipart/')) return 'multipart'
  if (type.endsWith('+json') || type.endsWith('+xml')) return 'text'
  if (binaryTypes.some(prefix => type.startsWith(prefix)) || binaryApplicationTypes.has(type)) return 'binary'
  if (type.startsWith('application/vnd.openxmlformats-') || type.startsWith('application/vnd.oasis.')) return 'binary'
  return 'text'
}

/** `Text/HTML; charset=x` → `text/html`. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return ''
  const semicolon = contentType.indexOf(';')
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
}

const textTypes = new Set([
  'application/json',
  'application/problem+json',
  'application/xml',
  'application/javascript',
  'application/graphql-response+json',
  'application/x-www-form-urlencoded',
])

/** Whether a response body is text that guards may read. Event streams are never held back. */
export function isInspectableResponse(headers: HeaderList): boolean {
  return mediaType(headers.get('content-type')) !== 'text/event-stream' && isTextResponse(headers)
}

/** Also those that never end, which nothing can be held back of for long. */
export function isTextResponse(headers: HeaderList): boolean {
  const type = mediaType(headers.get('content-type'))
  return type.startsWith('text/') || textTypes.has(type) || type.endsWith('+json') || type.endsWith('+xml')
}
