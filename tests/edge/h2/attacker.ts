// An attacker in a process of its own: as many connections as the attack has lanes, each opened again a moment after it was
// cut, until it is told to stop. Tells what it sent and how it was ended.

import { setPriority } from 'node:os'
import { openFrameClient } from '../../e2e/h2-frames.ts'
import { attacks } from './attacks.ts'

/** What an attacker tells when it is told to stop. */
export interface AttackReport {
  readonly opened: number
  /** Ended by the gateway. */
  readonly closed: number
  /** Closed before the gateway said a word. */
  readonly refused: number
  readonly goaways: number
  readonly resets: number
  /** Streams that were answered with 4xx, or at all: heads that came back. */
  readonly answers: number
  readonly sentBytes: number
}

const [, , name = '', port = '0', network = '0'] = process.argv
const attack = attacks.find(one => one.name === name)
if (!attack || !process.send) throw new Error(`no attack ${name}`)
// The gateway and its good clients are measured on the same cores: an attacker far away would not take them.
setPriority(19)
/** Between the end of a connection and the next of its lane: a flood of handshakes is an attack of another kind. */
const againMs = 100
const addresses = 20

const count = { opened: 0, closed: 0, refused: 0, goaways: 0, resets: 0, answers: 0, sentBytes: 0 }
let stopped = false

async function lane(index: number): Promise<void> {
  if (!attack) return
  const { settings, everyMs } = attack
  await pause(Math.random() * everyMs)
  while (!stopped) {
    // From many addresses, so that the cap on connections is not what helps; but for its own attack.
    const localAddress =
      attack.limit === 'connectionsPerIp' ? `127.2.${network}.1` : `127.2.${network}.${(index % addresses) + 1}`
    count.opened++
    const client = await openFrameClient(Number(port), { localAddress, ...(settings && { settings }) }).catch(() => {})
    if (!client) {
      count.refused++
      await pause(againMs)
      continue
    }
    for (let turn = 0; !stopped && !client.closed; turn++) {
      attack.send(client, turn)
      await pause(everyMs)
    }
    count.closed += client.closed ? 1 : 0
    count.refused += client.closed && client.frames.length === 0 ? 1 : 0
    count.goaways += client.goaways().length
    count.resets += client.frames.filter(({ type }) => type === 3).length
    count.answers += client.frames.filter(({ type }) => type === 1).length
    count.sentBytes += client.socket.bytesWritten
    client.socket.destroy()
    await pause(againMs)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

process.once('message', () => {
  stopped = true
})
process.once('disconnect', () => process.exit())
await Promise.all(Array.from({ length: attack.lanes }, (_, i) => lane(i)))
process.send(count satisfies AttackReport, () => process.exit())
