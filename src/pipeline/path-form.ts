// The form in which a path is matched, judged and sent. Servers read `/a//b`, `/a/./b`, `/%61/b` or `/a/..%2fb` each in
// its own way, so what a guard saw need not be what an upstream does. A route chooses: `normalize` brings what all
// readers mean alike into one form and refuses what they don't; `strict` refuses all that is not in that form already;
// `asIs` leaves the path alone, for upstreams that sign or compare it byte by byte.

import type { ByteString } from '../lib/bytes.ts'
import { needsReading, readPath } from './router.ts'
import type { Verdict } from './verdict.ts'

export type PathForm = 'normalize' | 'strict' | 'asIs'

export type FormedPath =
  | { readonly ok: true; readonly path: ByteString }
  | { readonly ok: false; readonly verdict: Verdict }

/** @param path Without query, as it was received. */
export function formPath(path: ByteString, form: PathForm): FormedPath {
  if (form === 'asIs' || !needsReading(path)) return { ok: true, path }
  const normal = normalized(path)
  if (typeof normal !== 'string') return normal
  if (form === 'strict') {
    if (normal !== path) return refuse('the path is not in its normal form')
    if (/;|%2f|%5c/i.test(path)) return refuse('the path holds a semicolon or an encoded slash')
  }
  return { ok: true, path: normal }
}

/** RFC 3986 §6.2.2, without empty segments. */
function normalized(path: ByteString): ByteString | Extract<FormedPath, { ok: false }> {
  if (path.includes('\\')) return refuse('the path holds a backslash')
  const decoded = decodeUnreserved(path)
  if (decoded === undefined) return refuse('the path holds a percent sign that encodes nothing, or a control byte')
  const segments: ByteString[] = []
  const parts = decoded.split('/')
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i] ?? ''
    if (part === '..' && segments.pop() === undefined) return refuse('the path climbs above its root')
    const isName = part !== '' && part !== '.' && part !== '..'
    if (isName) segments.push(part)
    else if (i === parts.length - 1) segments.push('')
  }
  const normal = `/${segments.join('/')}`
  const isClear = readPath(normal, withDots) === readPath(normal, withoutDots)
  return isClear ? normal : refuse('the path holds dot segments for some readers alone')
}

const withDots = { dots: true, slashes: true, parameters: true }
const withoutDots = { dots: false, slashes: true, parameters: true }

/** Undefined when a percent sign is not followed by two hex digits, or stands for a control byte. */
function decodeUnreserved(path: ByteString): ByteString | undefined {
  let percent = path.indexOf('%')
  if (percent < 0) return path
  let out = ''
  let from = 0
  for (; percent >= 0; percent = path.indexOf('%', percent + 3)) {
    const hex = path.slice(percent + 1, percent + 3)
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined
    const code = Number.parseInt(hex, 16)
    if (code < 0x20 || code === 0x7f) return undefined
    const plain = String.fromCharCode(code)
    out += path.slice(from, percent) + (/[\w.~-]/.test(plain) ? plain : `%${hex.toUpperCase()}`)
    from = percent + 3
  }
  return out + path.slice(from)
}

function refuse(detail: string): Extract<FormedPath, { ok: false }> {
  return { ok: false, verdict: { kind: 'deny', status: 400, reason: { code: 'http.path', detail } } }
}
