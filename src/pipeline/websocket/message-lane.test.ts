import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { strictCases, wsCases, wsFrame } from '../../../tests/e2e/websocket-frames.ts'
import { defaultLimits } from '../limits.ts'
import { MessageLane } from './message-lane.ts'

function run(pieces: readonly Buffer[], judge: (message: Uint8Array) => boolean = () => true) {
  const out: Buffer[] = []
  const lane = new MessageLane({ limits: defaultLimits, now: () => 0, forward: bytes => void out.push(bytes), judge })
  for (const piece of pieces) {
    const fault = lane.push(piece)
    if (fault) return { out: Buffer.concat(out), fault }
  }
  return { out: Buffer.concat(out), fault: undefined }
}

test('what is right goes through as it came, what is wrong has its close code, wherever it is cut', () => {
  for (const { name, send, close } of [...wsCases, ...strictCases]) {
    const bytes = Buffer.concat(send)
    for (const pieces of [[bytes], Array.from(bytes, byte => Buffer.from([byte]))]) {
      if (pieces.length > 2000) continue
      const { out, fault } = run(pieces)
      if (close === undefined) assert.equal(fault, undefined, name)
      // Without a fault it was the client who closed.
      else if (fault) assert.equal(fault.closeCode, close, name)
      const isOvertaken = /between pieces|within a message|behind close/.test(name)
      if (!fault && !isOvertaken) assert.ok(out.equals(bytes), name)
    }
  }
})

test('nothing of a refused message goes on, and all that came before it does', () => {
  const before = [wsFrame(1, 'good'), wsFrame(2, 'binary'), wsFrame(9, 'p')]
  const bad = [wsFrame(1, 'ev', { fin: false }), wsFrame(0, 'il')]
  const { out, fault } = run([...before, ...bad], message => !Buffer.from(message).includes('evil'))
  assert.equal(fault?.closeCode, 1008)
  assert.ok(out.equals(Buffer.concat(before)))
})

test('random bytes never throw, and never go on when they are no frames', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), pieces => {
      const sent = Buffer.concat(pieces)
      const { out } = run(pieces.map(piece => Buffer.from(piece)))
      assert.ok(out.length <= sent.length)
    }),
    { seed: 6, numRuns: 2000 },
  )
})

test('messages cut into any frames and pieces arrive whole', () => {
  const messages = fc.array(
    fc.tuple(fc.boolean(), fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 5 })),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 50 }), (list, cut) => {
      const seen: string[] = []
      const bytes = Buffer.concat(
        list.map(([isText, text, frames]) => inFrames(isText ? 1 : 2, Buffer.from(text.toWellFormed()), frames)),
      )
      const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
        bytes.subarray(i * cut, (i + 1) * cut),
      )
      const { out, fault } = run(pieces, message => {
        seen.push(Buffer.from(message).toString())
        return true
      })
      assert.equal(fault, undefined)
      assert.ok(out.equals(bytes))
      assert.deepEqual(
        seen,
        list.filter(([isText]) => isText).map(([, text]) => text.toWellFormed()),
      )
    }),
    { seed: 6, numRuns: 300 },
  )
})

function inFrames(opcode: number, payload: Buffer, frames: number): Buffer {
  const size = Math.ceil(payload.length / frames)
  return Buffer.concat(
    Array.from({ length: frames }, (_, i) => {
      const fin = i === frames - 1
      return wsFrame(i === 0 ? opcode : 0, payload.subarray(i * size, fin ? undefined : (i + 1) * size), { fin })
    }),
  )
}
