// The worker's end of the way to log files that guards write: lines travel in batches, and are dropped and counted when
// the main thread has not taken too many bytes of them. Apart from events, so that neither crowds the other out.

export interface LogLine {
  readonly file: string
  readonly text: string
}

/** Bytes on the way, at the most; a line has up to a few hundred KiB. */
const bytesMax = 8 * 1024 * 1024
const batchBytes = 256 * 1024
const waitMs = 10

export class LineOutbox {
  readonly #send: (lines: readonly LogLine[], bytes: number) => void
  #waiting: LogLine[] = []
  #waitingBytes = 0
  #untaken = 0
  #timer: NodeJS.Timeout | undefined
  /** Since the worker started. */
  dropped = 0

  constructor(send: (lines: readonly LogLine[], bytes: number) => void) {
    this.#send = send
  }

  push(file: string, text: string): void {
    if (this.#waitingBytes + this.#untaken + text.length > bytesMax) {
      this.dropped++
      return
    }
    this.#waiting.push({ file, text })
    this.#waitingBytes += text.length
    if (this.#waitingBytes >= batchBytes) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), waitMs)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const lines = this.#waiting
    const bytes = this.#waitingBytes
    this.#waiting = []
    this.#waitingBytes = 0
    this.#untaken += bytes
    this.#send(lines, bytes)
  }

  /** The main thread has taken that many bytes. */
  taken(bytes: number): void {
    this.#untaken -= bytes
  }
}
