// Sends a test's bytes to a running gateway over a socket, and asks the caller what that gateway logged about it. The
// gateway tells the request id in `x-request-id`, which is how its log is found. Every wait and every size is bounded.

import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ByteString, bytesToBuffer, bytesToUtf8 } from '../lib/bytes.ts'
import { type Answer, readAnswer } from './answer.ts'
import type { FtwInput, Observation, Target } from './types.ts'

export interface LiveOptions {
  /** Where all requests go, whatever address a test names. */
  readonly url: URL
  readonly matches: MatchSource
  readonly connectTimeoutMs?: number
  /** From sending to the end of the answer. */
  readonly answerTimeoutMs?: number
}

/** Asks the gateway's log what matched. The caller waits, within its own bound, until the log is complete. */
export type MatchSource = (request: LoggedRequest) => Promise<LoggedMatches>

export interface LoggedRequest {
  /** `x-request-id` of the answer; undefined when there was none. */
  readonly reference: string | undefined
  /** Milliseconds since the epoch. */
  readonly sentAtMs: number
}

export interface LoggedMatches {
  readonly ids: readonly number[]
  readonly log: readonly string[]
}

const maxAnswerBytes = 4 * 1024 * 1024

export class LiveTarget implements Target {
  readonly #options: LiveOptions

  constructor(options: LiveOptions) {
    this.#options = options
  }

  reset(): void {}

  close(): void {}

  async send(bytes: ByteString, _input: FtwInput): Promise<Observation> {
    const sentAtMs = Date.now()
    const result = await exchange(this.#options, bytes)
    const answer = typeof result === 'string' ? undefined : result
    const values = (name: string) =>
      answer?.headers.filter(header => header.name === name).map(({ value }) => value) ?? []
    const { ids, log } = await this.#options.matches({ reference: values('x-request-id')[0], sentAtMs })
    return {
      refused: false,
      error: typeof result === 'string' ? result : undefined,
      status: answer?.status ?? 0,
      response: bytesToUtf8(answer?.text ?? ''),
      ids,
      log,
      location: values('location')[0],
      cookies: values('set-cookie'),
    }
  }
}

/** The answer, or why there is none. */
async function exchange(options: LiveOptions, bytes: ByteString): Promise<Answer | string> {
  const opened = await open(options)
  if (typeof opened === 'string') return opened
  const socket = opened
  const method = bytes.slice(0, Math.max(0, bytes.indexOf(' ')))
  let received = ''
  try {
    return await new Promise<Answer | string>(resolve => {
      const timer = setTimeout(() => finish('no whole answer in time'), options.answerTimeoutMs ?? 10_000)
      const finish = (result: Answer | string) => {
        clearTimeout(timer)
        resolve(result)
      }
      const closed = () => finish(readAnswer(received, method, true) ?? 'the connection was closed without an answer')
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1')
        if (received.length > maxAnswerBytes) finish(`the answer is larger than ${maxAnswerBytes} bytes`)
        const answer = readAnswer(received, method, false)
        if (answer) finish(answer)
      })
      socket.on('end', closed)
      socket.on('close', closed)
      socket.on('error', closed)
      socket.write(bytesToBuffer(bytes))
    })
  } finally {
    socket.destroy()
  }
}

function open({ url, connectTimeoutMs = 3000 }: LiveOptions): Promise<Socket | string> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:'
  const port = Number(url.port) || (secure ? 443 : 80)
  return new Promise(resolve => {
    // A gateway under test has a certificate of its own making.
    const socket = secure ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port })
    const timer = setTimeout(() => fail('no connection in time'), connectTimeoutMs)
    const fail = (reason: string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(reason)
    }
    socket.once('error', error => fail(`can't connect: ${error.message}`))
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
