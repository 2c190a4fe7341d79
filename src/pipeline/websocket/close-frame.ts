// Close frames (RFC 6455 §5.5.1, §7.4): which may be passed on, and how ours are made.

import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { type FrameFault, malformed } from './frame-scanner.ts'

/** @param payload Unmasked. */
export function checkClose(payload: Uint8Array): FrameFault | undefined {
  if (payload.length === 0) return undefined
  if (payload.length === 1) return malformed('half a close code')
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0)
  if (!isSendable(code)) return malformed(`the close code ${code}`)
  if (!isUtf8(payload.subarray(2)))
    return { closeCode: 1007, detail: 'a close reason that is not UTF-8', code: 'websocket.utf8' }
  return undefined
}

/** Codes that stand in frames: 1004 to 1006 and 1015 never do, and 1016 to 2999 nobody has given a meaning. */
function isSendable(code: number): boolean {
  if (code >= 3000) return code < 5000
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)
}

/** @param reason ASCII, at most 123 bytes. */
export function closeFrame(code: number, reason: string, to: 'client' | 'server'): Buffer {
  const payload = Buffer.alloc(2 + reason.length)
  payload.writeUInt16BE(code)
  payload.write(reason, 2, 'latin1')
  if (to === 'client') return Buffer.concat([Buffer.from([0x88, payload.length]), payload])
  const mask = randomBytes(4)
  unmask(payload, mask, 0)
  return Buffer.concat([Buffer.from([0x88, 0x80 | payload.length]), mask, payload])
}

/** In place. @param from Where `bytes` begin in the payload. */
export function unmask(bytes: Uint8Array, mask: Uint8Array, from: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ (mask[(from + i) & 3] ?? 0)
}
