// Prints events as one JSON line each, on stdout or into a file. Through pino's destination, which writes without
// blocking, keeps order, and opens its file again when a log rotator has moved it.

import { closeSync, openSync } from 'node:fs'
import { pino } from 'pino'

/** Waiting to be written; more is dropped, because a stdout that nobody reads must not fill the memory. */
const bytesMax = 16 * 1024 * 1024

/** Only we may read a file that we made, also when it is made again behind a rotator. */
const mode = 0o600

/** A pipe that nobody reads is not waited for any longer. */
const closeTimeoutMs = 1000

export interface Lines {
  write(json: string): void
  /** After a log rotator has moved the file. */
  reopen(): void
  /** Lines that were dropped since the start. */
  readonly dropped: number
  close(): Promise<void>
}

/** @param target A file, or 1 for stdout. */
export function openLines(target: string | 1): Lines {
  if (typeof target === 'string') closeSync(openSync(target, 'a', mode)) // throws here, and not some time later
  const out = pino.destination({ dest: target, sync: false, maxLength: bytesMax, mkdir: true, mode })
  let dropped = 0
  out.on('drop', () => dropped++)
  out.on('error', () => dropped++) // a full disk or a closed pipe must not stop the gateway
  return {
    write: json => {
      out.write(`${json}\n`)
    },
    reopen: () => {
      if (typeof target === 'string') out.reopen()
    },
    get dropped() {
      return dropped
    },
    close: () =>
      new Promise(resolve => {
        const timer = setTimeout(() => {
          out.destroy() // what can't be written would be tried again and again when the process wants to end
          resolve()
        }, closeTimeoutMs)
        out.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
        out.end()
      }),
  }
}
