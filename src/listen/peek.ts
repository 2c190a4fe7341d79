// Looks at the first bytes of a connection before anybody else reads them, and gives back what was not used.

import type { Socket } from 'node:net'

export type Look<Value> =
  | { readonly kind: 'more'; readonly wantedBytes: number }
  /** `usedBytes` are taken away; the rest is there for the next reader. */
  | { readonly kind: 'found'; readonly value: Value; readonly usedBytes: number }
  | { readonly kind: 'fault'; readonly detail: string }

export type Peeked<Value> = Exclude<Look<Value>, { kind: 'more' }> | { readonly kind: 'gone' }

/** The fault of a client that did not send enough in time. */
export const cameTooSlowly = 'too slow'

/**
 * Calls `look` whenever as much has come as it wants. It bounds what is held: it must fault before it wants too much.
 * The socket is paused afterwards.
 */
export function peek<Value>(
  socket: Socket,
  look: (bytes: Buffer) => Look<Value>,
  timeoutMs: number,
): Promise<Peeked<Value>> {
  return new Promise(resolve => {
    let held = Buffer.alloc(0)
    let bytes = 0
    let wantedBytes = 1
    const end = (result: Peeked<Value>) => {
      clearTimeout(timer)
      socket.off('data', onData).off('end', onGone).off('close', onGone)
      socket.pause()
      const used = result.kind === 'found' ? result.usedBytes : 0
      if (result.kind !== 'gone' && used < bytes) socket.unshift(Buffer.from(held.subarray(used, bytes)))
      resolve(result)
    }
    const onGone = () => end({ kind: 'gone' })
    const onData = (chunk: Buffer) => {
      held = append(held, bytes, chunk)
      bytes += chunk.length
      if (bytes < wantedBytes) return
      const result = look(held.subarray(0, bytes))
      if (result.kind === 'more') wantedBytes = result.wantedBytes
      else end(result)
    }
    const timer = setTimeout(() => end({ kind: 'fault', detail: cameTooSlowly }), timeoutMs)
    socket.on('data', onData).once('end', onGone).once('close', onGone)
    socket.resume()
  })
}

/** Grows by doubling, so that a byte at a time costs no more than all at once. */
function append(held: Buffer, bytes: number, chunk: Buffer): Buffer<ArrayBuffer> {
  if (held.length >= bytes + chunk.length) {
    chunk.copy(held, bytes)
    return held as Buffer<ArrayBuffer>
  }
  const grown = Buffer.allocUnsafeSlow(Math.max(2048, 2 * (bytes + chunk.length)))
  held.copy(grown, 0, 0, bytes)
  chunk.copy(grown, bytes)
  return grown
}
