// Lets a multipart body larger than `body.inspected` stream through while guards still judge all of it that can carry
// an attack: every part header, every field, and the first `limits.fileInspected` bytes of every file (the clipped
// view). The view is judged when the first window is read, and again before the closing boundary is let out, so no
// upstream sees a complete body that was not judged. RFC 2046 §5.1, RFC 7578.

import type { ByteString } from '../lib/bytes.ts'
import type { Exchange } from './exchange.ts'
import { runPhase } from './run.ts'

/** Part headers longer than this are no part headers. */
const partHeaderBytesMax = 16 * 1024

export type ClipProblem =
  | 'view-too-large'
  | 'part-header-too-large'
  | 'ambiguous-part'
  | 'data-after-end'
  | 'unfinished'

/** Ends the stream of a body that was denied on its way: the verdict is in the exchange, and nothing has failed. */
export class StreamDenied extends Error {}

/** The `boundary` parameter of a multipart content type (RFC 2046 §5.1.1: 1 to 70 characters). */
export function multipartBoundary(contentType: ByteString | undefined): ByteString | undefined {
  const text = contentType?.slice(0, 1024) ?? ''
  const match = /;\s*boundary=(?:"([^"\\\r\n]{1,71})"|([^\s;,"\\]{1,71})(?![^\s;]))/i.exec(text)
  const boundary = match?.[1] ?? match?.[2]
  const isAmbiguous = (text.match(/boundary[*\d\s]*=/gi)?.length ?? 0) > 1 // two parsers may choose two
  return boundary === undefined || boundary.length > 70 || isAmbiguous ? undefined : boundary
}

/** The start of a multipart body as a body of its own: what breaks off is closed with a final boundary. */
export function closedStart(contentType: ByteString | undefined, start: Uint8Array): Uint8Array {
  const boundary = multipartBoundary(contentType)
  if (boundary === undefined) return start
  const whole = new MultipartClip(boundary, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  whole.push(start)
  return whole.problem ? start : whole.view()
}

/** Builds the clipped view from a body that arrives in pieces. Holds at most `viewBytesMax` plus one piece. */
export class MultipartClip {
  problem: ClipProblem | undefined
  /** The closing boundary has been seen. */
  closed = false
  clippedBytes = 0
  readonly #delimiter: Buffer
  readonly #fileBytesMax: number
  readonly #viewBytesMax: number
  readonly #view: Buffer[] = []
  #viewBytes = 0
  #pending = Buffer.alloc(0)
  #state: 'preamble' | 'headers' | 'field' | 'file' | 'epilogue' = 'preamble'
  #fileBytes = 0
  #atPartStart = false

  constructor(boundary: ByteString, fileBytesMax: number, viewBytesMax: number) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
    this.#fileBytesMax = fileBytesMax
    this.#viewBytesMax = viewBytesMax
    this.#pending = Buffer.from('\r\n') // so that the first delimiter looks like the others
  }

  push(chunk: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk])
    while (this.problem === undefined && this.#step());
  }

  /** The view so far; closed with a final boundary when the body is not at its end yet. */
  view(): Buffer {
    if (this.closed) return Buffer.concat(this.#view).subarray(2)
    const inContent = this.#state === 'field' || this.#state === 'file'
    // A part whose headers break off is left out with the delimiter before it.
    const view = this.#state === 'headers' ? this.#view.slice(0, -1) : this.#view
    const ahead = this.#pending.subarray(0, this.#delimiter.length)
    const tail = inContent && !ahead.equals(this.#delimiter) ? [ahead] : []
    return Buffer.concat([...view, ...tail, this.#delimiter, Buffer.from('--\r\n')]).subarray(2)
  }

  /** Consumes what it can of `#pending`; false when more bytes are needed. */
  #step(): boolean {
    if (this.#state === 'epilogue') return this.#epilogue()
    if (this.#state === 'headers') return this.#headers()
    return this.#content()
  }

  #content(): boolean {
    const bare = this.#delimiter.subarray(2)
    if (this.#atPartStart) {
      // `--boundary` right behind the empty line ends the part for some parsers and is content for others.
      const start = this.#pending.subarray(0, bare.length)
      if (start.equals(bare)) return this.#refuse('ambiguous-part')
      if (start.equals(bare.subarray(0, start.length))) return false
      this.#atPartStart = false
    }
    const at = this.#pending.indexOf(this.#delimiter)
    const bareAt = this.#pending.indexOf(bare)
    // Behind a bare line feed it is a delimiter too for some parsers.
    if (bareAt >= 0 && (at < 0 || bareAt !== at + 2)) return this.#refuse('ambiguous-part')
    if (at < 0) {
      const safe = Math.max(0, this.#pending.length - this.#delimiter.length + 1)
      this.#take(safe)
      return false
    }
    if (this.#pending.length < at + this.#delimiter.length + 2) {
      this.#take(at)
      return false
    }
    this.#take(at)
    this.#keep(this.#delimiter.length)
    const closing = this.#pending[0] === 0x2d && this.#pending[1] === 0x2d
    // A longer word than the boundary, or padding behind it: a delimiter for some parsers and content for others.
    if (!closing && !(this.#pending[0] === 0x0d && this.#pending[1] === 0x0a)) return this.#refuse('ambiguous-part')
    this.#state = closing ? 'epilogue' : 'headers'
    if (closing) this.#keep(2)
    this.closed ||= closing
    return true
  }

  #headers(): boolean {
    const end = this.#pending.indexOf('\r\n\r\n')
    if (end < 0) {
      return this.#pending.length > partHeaderBytesMax && this.#refuse('part-header-too-large')
    }
    const headers = this.#pending.subarray(0, end)
    const text = headers.toString('latin1')
    if (/\r(?!\n)|(?<!\r)\n/.test(text) || headers.includes(this.#delimiter.subarray(2))) {
      return this.#refuse('ambiguous-part') // the headers end elsewhere for some parsers
    }
    this.#state = isFile(text) ? 'file' : 'field'
    this.#fileBytes = 0
    this.#keep(end + 4)
    this.#atPartStart = true
    return true
  }

  #epilogue(): boolean {
    const rest = this.#pending.toString('latin1')
    return rest !== '' && rest !== '\r' && rest !== '\r\n' && this.#refuse('data-after-end')
  }

  #refuse(problem: ClipProblem): false {
    this.problem = problem
    return false
  }

  /** Takes content: fields go to the view whole, files up to their limit, the preamble not at all. */
  #take(bytes: number): void {
    if (bytes === 0) return
    const content = this.#pending.subarray(0, bytes)
    this.#pending = this.#pending.subarray(bytes)
    if (this.#state === 'field') return this.#append(content)
    if (this.#state === 'file') {
      const room = Math.max(0, this.#fileBytesMax - this.#fileBytes)
      this.#fileBytes += bytes
      this.clippedBytes += Math.max(0, bytes - room)
      if (room > 0) this.#append(content.subarray(0, room))
    }
  }

  #keep(bytes: number): void {
    this.#append(this.#pending.subarray(0, bytes))
    this.#pending = this.#pending.subarray(bytes)
  }

  #append(bytes: Buffer): void {
    this.#viewBytes += bytes.length
    if (this.#viewBytes > this.#viewBytesMax) {
      this.problem = 'view-too-large'
      return
    }
    this.#view.push(Buffer.from(bytes))
  }
}

/**
 * A `filename` that is not empty makes a part a file. A field that only has the word in its name or elsewhere stays a
 * field, and so does what has a quote left open.
 */
function isFile(headers: ByteString): boolean {
  let plain = ''
  let quoted = false
  for (let i = 0; i < headers.length; i++) {
    const c = headers[i]
    if (c === '\\' && quoted) i++
    if (c === '"') quoted = !quoted
    plain += quoted && c !== '"' ? 'q' : c
  }
  return !quoted && /^content-disposition:[^\r\n]*;[ \t]*filename\*?[ \t]*=[ \t]*(?!"")[^\s;]/im.test(plain)
}

/**
 * Streams the body on, and judges the whole clipped view before the closing boundary leaves. Each chunk waits for the
 * next: with its last byte the upstream would have a complete body, and go to work on it.
 * @throws StreamDenied (from the iterator) when a guard denied; `ex.verdict` says what
 */
export async function* streamClipped(
  ex: Exchange,
  clip: MultipartClip,
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let held = head
  for await (const chunk of rest) {
    const wasClosed = clip.closed
    clip.push(chunk)
    if (clip.problem) refuseClip(ex, clip.problem)
    if (clip.closed && !wasClosed) await judge(ex, clip)
    yield held
    held = chunk
  }
  if (!clip.closed) refuseClip(ex, 'unfinished')
  yield held
}

async function judge(ex: Exchange, clip: MultipartClip): Promise<void> {
  ex.body = { bytes: clip.view(), complete: false }
  ex.uninspectedBytes += clip.clippedBytes
  const outcome = runPhase('onBody', ex.route.phases.onBody, ex)
  const verdict = outcome instanceof Promise ? await outcome : outcome
  if (verdict) throw new StreamDenied('the body was denied while it streamed')
}

function refuseClip(ex: Exchange, problem: ClipProblem): never {
  const status = problem === 'view-too-large' ? 413 : 400
  ex.verdict = {
    kind: 'deny',
    status,
    reason: { code: `body.multipart-${problem}`, detail: `multipart body: ${problem}` },
  }
  throw new StreamDenied(`multipart body: ${problem}`)
}
