// Reads an HTTP/1 answer out of what has arrived: enough to know its status and headers, and whether it is whole.

import type { ByteString } from '../lib/bytes.ts'

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: readonly { readonly name: string; readonly value: ByteString }[]
  /** As it came, head and body. */
  readonly text: ByteString
}

/** Undefined while the answer is not whole; `closed` says that nothing more will come. */
export function readAnswer(received: ByteString, method: ByteString, closed: boolean): Answer | undefined {
  let text = received
  for (;;) {
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [line = '', ...lines] = text.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1])
    if (!(status >= 100)) return undefined
    if (status < 200 && status !== 101) {
      text = text.slice(end + 4) // 100 Continue and its like come before the answer
      continue
    }
    const headers = lines.map(header => {
      const colon = header.indexOf(':')
      return { name: header.slice(0, Math.max(colon, 0)).toLowerCase(), value: header.slice(colon + 1).trim() }
    })
    const whole = closed || isWhole(text.slice(end + 4), status, method, headers)
    return whole ? { status, headers, text } : undefined
  }
}

function isWhole(body: ByteString, status: number, method: ByteString, headers: Answer['headers']): boolean {
  if (method === 'HEAD' || status === 204 || status === 304 || status === 101) return true
  const value = (name: string) => headers.find(header => header.name === name)?.value
  if (value('transfer-encoding')?.toLowerCase() === 'chunked') return /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(body)
  const length = value('content-length')
  return length !== undefined && /^\d{1,15}$/.test(length) && body.length >= Number(length)
}
