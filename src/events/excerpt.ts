// The part of a matched value that an event shows: around what matched, secrets masked, short, and safe to print on a
// terminal. The span moves along with each step.

import { type ByteString, bytesToUtf8 } from '../lib/bytes.ts'
import { findSecrets, isSecretPlace, masked, type Span } from './mask.ts'

/** Looked at for secrets on either side of the match, so that a cut through a token doesn't hide it from the masks. */
const contextBytes = 2048
const matchBytes = 4096
/** Shown on either side of the match, and of the match itself. */
const shownContext = 64
const shownMatch = 256

export interface Excerpt {
  readonly text: string
  readonly span: readonly [number, number] | undefined
}

export function excerpt(where: string, value: ByteString, span: readonly [number, number] | undefined): Excerpt {
  if (isSecretPlace(where)) return { text: masked, span: undefined }
  const start = clamp(span?.[0] ?? 0, value.length)
  const end = Math.max(start, clamp(span?.[1] ?? value.length, value.length))
  const before = bytesToUtf8(value.slice(Math.max(0, start - contextBytes), start))
  const hit = bytesToUtf8(value.slice(start, Math.min(end, start + matchBytes)))
  const after = end - start > matchBytes ? '' : bytesToUtf8(value.slice(end, end + contextBytes))
  const clean = maskAround(before + hit + after, { start: before.length, end: before.length + hit.length })
  return cut(clean.text, clean.span, span !== undefined, start > before.length)
}

/** Masks, and moves the span to where its text has gone. */
function maskAround(text: string, span: Span): { text: string; span: Span } {
  let result = ''
  let at = 0
  let { start, end } = span
  for (const secret of findSecrets(text)) {
    result += text.slice(at, secret.start) + masked
    at = secret.end
    const shrink = at - result.length
    if (span.start >= secret.end) start = span.start - shrink
    else if (span.start > secret.start) start = result.length - masked.length
    if (span.end >= secret.end) end = span.end - shrink
    else if (span.end > secret.start) end = result.length
  }
  return { text: result + text.slice(at), span: { start, end } }
}

function cut(text: string, span: Span, hasSpan: boolean, cutBefore: boolean): Excerpt {
  const from = Math.max(0, span.start - shownContext)
  const hitEnd = Math.min(span.end, span.start + shownMatch)
  const to = hitEnd < span.end ? hitEnd : Math.min(text.length, hitEnd + shownContext)
  const before = `${from > 0 || cutBefore ? '…' : ''}${printable(text.slice(from, span.start))}`
  const hit = printable(text.slice(span.start, hitEnd))
  const after = `${printable(text.slice(hitEnd, to))}${to < text.length ? '…' : ''}`
  return { text: before + hit + after, span: hasSpan ? [before.length, before.length + hit.length] : undefined }
}

/**
 * Control characters and the ones that reorder a line (Unicode bidi) as visible escapes: an event is read on terminals
 * and in consoles, and what it shows was written by an attacker.
 */
export function printable(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, c => {
    const code = c.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(value, max))
}
