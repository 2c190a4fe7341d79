// Reads the cases of testdata/: bytes of a client, and what Merlon must make of them. One file a part of HTTP.
// `send` is lines, joined by CR LF; `[text, times]` inside of a line repeats a text. `want` is what comes of them in
// order: a status is a refusal, `METHOD target body` a request that the back end must have had in exactly that form.
// Unless a connection is closed or cut by then, a last request `GET /next` must follow.

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

type Piece = string | readonly [text: string, times: number]
type Line = string | readonly Piece[]

interface WrittenCase {
  readonly name: string
  readonly send: readonly Line[]
  readonly want: readonly (number | Line)[]
  /** The client ends its half in the middle; nothing is to be heard. */
  readonly cut?: true
  /** The connection is closed after the last answer. */
  readonly closes?: true
  /** The last request is taken for something else. */
  readonly swallows?: true
}

export interface FramingCase {
  readonly name: string
  readonly bytes: string
  readonly want: readonly (number | string)[]
  readonly cut: boolean
  /** The connection is closed after the last answer. */
  readonly closes: boolean
}

const next = 'GET /next HTTP/1.1\r\nHost: a\r\nX-Last: yes\r\n\r\n'

export function readCases(): FramingCase[] {
  const files = globSync('*.json', { cwd: join(import.meta.dirname, 'testdata') }).sort()
  return files.flatMap(file => {
    const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata', file), 'utf8')) as {
      readonly cases: readonly WrittenCase[]
    }
    return cases.map(({ name, send, want, cut = false, closes = false, swallows = false }): FramingCase => {
      const wanted = want.map(entry => (typeof entry === 'number' ? entry : written(entry)))
      const ends = cut || closes || typeof wanted.at(-1) === 'number'
      const last = ends || swallows ? [] : ['GET /next']
      return {
        name: `${basename(file, '.json')}: ${name}`,
        bytes: send.map(written).join('\r\n') + (cut ? '' : next),
        want: [...wanted, ...last],
        cut,
        closes: ends,
      }
    })
  })
}

function written(line: Line): string {
  if (typeof line === 'string') return line
  return line.map(piece => (typeof piece === 'string' ? piece : piece[0].repeat(piece[1]))).join('')
}
