// Good clients in a process of their own: each has an address and an HTTP/2 connection, and asks again and again, slowly
// enough for the default rate limit. Told to measure, it answers with the times of the requests that began meanwhile.

import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'

/** What is asked of the process, and what it answers. */
export interface MeasureOrder {
  readonly seconds: number
}
export interface Measured {
  /** In ms, in the order they came. */
  readonly times: readonly number[]
  readonly failed: number
}

const clients = 16
/** 12 a second and client: the default limit is 20. */
const everyMs = 80
const timeoutMs = 10_000

const port = Number(process.argv[2])
let times: number[] = []
let failed = 0
let measuring = false

async function client(index: number): Promise<never> {
  let session = open(index)
  for (;;) {
    const counts = measuring
    const startMs = performance.now()
    const isGood = await ask(session)
    if (counts && measuring) {
      if (isGood) times.push(performance.now() - startMs)
      else failed++
    }
    if (session.closed || session.destroyed) session = open(index)
    await new Promise(resolve => setTimeout(resolve, everyMs * (0.5 + Math.random())))
  }
}

function open(index: number): ClientHttp2Session {
  const createConnection = () => connectTcp({ port, host: '127.0.0.1', localAddress: `127.1.0.${index + 1}` })
  return connect(`http://127.0.0.1:${port}`, { createConnection }).on('error', () => {})
}

function ask(session: ClientHttp2Session): Promise<boolean> {
  return new Promise(resolve => {
    let status = 0
    const stream = session.request({ ':path': '/' })
    const timer = setTimeout(() => stream.close(8), timeoutMs)
    stream.on('response', headers => {
      status = Number(headers[':status'])
    })
    stream.on('error', () => {})
    stream.resume().once('close', () => {
      clearTimeout(timer)
      resolve(status === 200)
    })
  })
}

process.on('message', ({ seconds }: MeasureOrder) => {
  times = []
  failed = 0
  measuring = true
  setTimeout(() => {
    measuring = false
    process.send?.({ times, failed } satisfies Measured)
  }, seconds * 1000)
})
process.once('disconnect', () => process.exit())
await Promise.all(Array.from({ length: clients }, (_, i) => client(i)))
