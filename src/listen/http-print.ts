// A fingerprint of the HTTP that a client speaks, whatever it says of itself: which of the headers that programs send by
// themselves it sends, in which order and spelling; over HTTP/2 also the order of its pseudo-headers and how it opened
// the connection. All clients of one make share it. The format is our own:
//
//   h1_07_5d2c3f6a8b90                    HTTP/1: count of those headers, digest of their names
//   h2masp_6a1b2c3d4e5f_07_5d2c3f6a8b90   HTTP/2: pseudo-headers, digest of the opening, then the same

import { createHash } from 'node:crypto'
import type { ByteString } from '../lib/bytes.ts'

/** Headers that come from the program and not from what is asked for. */
const telling: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'user-agent',
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'dnt',
  'pragma',
  'priority',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'te',
  'upgrade-insecure-requests',
])

/** @param opening `h1`, or what openingOf gives. @param headers Flat, as they came. */
export function httpPrint(opening: string, headers: readonly ByteString[]): string {
  let names = ''
  let count = 0
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length > longestTelling || !telling.has(name.toLowerCase())) continue
    names += `${name},`
    count++
  }
  return `${opening}_${String(Math.min(count, 99)).padStart(2, '0')}_${digest(names)}`
}

const longestTelling = 25

/**
 * @param pseudo In order: `:method` … @param settings As they came. @param window What the first WINDOW_UPDATE of the
 * connection adds; 0 without one. @param priorities PRIORITY frames before the first request.
 */
export function openingOf(
  pseudo: readonly string[],
  settings: readonly (readonly [id: number, value: number])[],
  window: number,
  priorities: number,
): string {
  const order = pseudo.map(name => name[1] ?? '').join('')
  const set = settings.map(([id, value]) => `${id}:${value}`).join(';')
  return `h2${order}_${digest(`${set}|${window}|${priorities}`)}`
}

/** Digests of texts that came before; clients are of few makes. */
const known = new Map<string, string>()
const knownMax = 1000

function digest(text: string): string {
  const before = known.get(text)
  if (before !== undefined) return before
  const made = createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 12)
  if (known.size >= knownMax) known.clear()
  known.set(text, made)
  return made
}
