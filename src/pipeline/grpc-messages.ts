// The request body of a gRPC call, which may go on for hours: it is never held as a whole. Each message (five bytes of
// head, then protobuf) waits until it is there and guards have seen its texts, then goes on as it came.

import { mediaType } from './body.ts'
import { decodeBody } from './content-coding.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderList } from './headers.ts'
import { StreamDenied } from './multipart-clip.ts'
import { protobufTexts } from './protobuf-texts.ts'
import type { Verdict } from './verdict.ts'
import { judgeTexts } from './websocket/message-exchange.ts'

const headBytes = 5

export function isGrpc(headers: HeaderList): boolean {
  const type = mediaType(headers.get('content-type'))
  return type === 'application/grpc' || type.startsWith('application/grpc+')
}

/** @throws StreamDenied (from the iterator) when a guard refused a message; `ex.verdict` says why */
export async function* judgedMessages(ex: Exchange, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inspectedMax = ex.route.limits.fileInspected
  let held: Buffer = Buffer.alloc(0)
  /** Of a message too large to wait for: what is still to come of it. */
  let passing = 0
  for await (const chunk of rest) {
    const bytes =
      held.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([held, chunk])
    let at = Math.min(passing, bytes.length)
    ex.uninspectedBytes += at
    passing -= at
    while (passing === 0 && bytes.length - at >= headBytes) {
      const length = bytes.readUInt32BE(at + 1)
      const payload = bytes.subarray(at + headBytes, at + headBytes + length)
      const isWhole = payload.length === length
      if (!isWhole && payload.length < inspectedMax) break
      judge(ex, bytes[at] ?? 0, isWhole ? payload : payload.subarray(0, inspectedMax), isWhole)
      if (!isWhole) ex.uninspectedBytes += payload.length - inspectedMax
      at += headBytes + payload.length
      passing = length - payload.length
    }
    held = bytes.subarray(at)
    if (at > 0) yield bytes.subarray(0, at)
  }
  if (held.length > 0) refuse(ex, { kind: 'deny', status: 400, reason: broken })
}

const broken = { code: 'body.malformed', detail: 'a gRPC message that breaks off' } as const

function judge(ex: Exchange, flags: number, payload: Uint8Array, isWhole: boolean): void {
  const plain = flags === 0 ? payload : isWhole ? inflated(ex, payload) : undefined
  if (plain === undefined) {
    const detail = 'a compressed gRPC message that can’t be inspected'
    refuse(ex, { kind: 'deny', status: 415, reason: { code: 'body.grpc-encoding', detail } })
  }
  const verdict = judgeTexts(ex, protobufTexts(plain))
  if (verdict) refuse(ex, verdict)
}

function inflated(ex: Exchange, payload: Uint8Array): Uint8Array | undefined {
  const plain = decodeBody(ex.headers.get('grpc-encoding') ?? '', payload, ex.route.limits.bodyInspected)
  return plain === 'too-large' ? undefined : plain
}

function refuse(ex: Exchange, verdict: Verdict): never {
  ex.verdict = verdict
  throw new StreamDenied('a gRPC message was denied')
}
