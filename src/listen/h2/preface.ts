// Tells HTTP/2 in the clear ("prior knowledge", RFC 9113 §3.3) from HTTP/1 by its first bytes.

import type { Look } from '../peek.ts'

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function lookForPreface(bytes: Buffer): Look<boolean> {
  const compared = Math.min(bytes.length, preface.length)
  if (preface.compare(bytes, 0, compared, 0, compared) !== 0) return { kind: 'found', value: false, usedBytes: 0 }
  if (compared < preface.length) return { kind: 'more', wantedBytes: bytes.length + 1 }
  return { kind: 'found', value: true, usedBytes: 0 }
}
