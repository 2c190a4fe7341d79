// Makes secrets in a response unreadable while it streams. What may be the beginning of one waits for the next piece,
// some kilobytes at the most (`secretOpenMax`); all else goes on at once. Every byte of a secret becomes an asterisk, so
// the length of the response stays as it was announced, and JSON, HTML and the like stay what they were.

import { type FoundSecret, findKnownSecrets, openSecretStart, type SecretGroup } from '../../lib/secrets.ts'

/** What follows the first line of a private key, at the most: a key of 16,384 bits and its lines end before. */
export const privateKeyBytesMax = 16 * 1024

const asterisk = 0x2a
const none = Buffer.alloc(0)

export class SecretMasker {
  readonly #groups: ReadonlySet<SecretGroup>
  readonly #onSecret: (found: FoundSecret, secret: string) => void
  readonly #privateKey = new PrivateKeyBody()
  #held = none
  /** The last letter that was given out: what begins in the middle of a word is no secret. */
  #before = ''

  constructor(groups: ReadonlySet<SecretGroup>, onSecret: (found: FoundSecret, secret: string) => void) {
    this.#groups = groups
    this.#onSecret = onSecret
  }

  /** What may be sent of all that has come by now. */
  push(chunk: Uint8Array): Uint8Array {
    return this.#take(Buffer.concat([this.#held, chunk]), false)
  }

  /** The rest. */
  end(): Uint8Array {
    return this.#take(this.#held, true)
  }

  #take(bytes: Buffer, isLast: boolean): Uint8Array {
    if (bytes.length === 0) return none
    const shift = this.#before.length
    const text = this.#before + bytes.toString('latin1')
    // What was given out already begins nothing.
    const found = findKnownSecrets(text, this.#groups, Number.POSITIVE_INFINITY).filter(({ start }) => start >= shift)
    let end = isLast ? text.length : openSecretStart(text, this.#groups, shift)
    // One that is known by now, and that what is still open begins in, waits as a whole.
    for (const one of found.toReversed()) if (one.start < end && one.end > end) end = one.start
    let at = shift
    for (const one of found) {
      if (one.end > end) continue
      if (one.group === 'privateKeys') {
        this.#privateKey.mask(bytes, at - shift, one.start - shift)
        this.#privateKey.begin()
        at = one.end
      } else bytes.fill(asterisk, one.shownEnd - shift, one.end - shift)
      this.#onSecret(one, text.slice(one.start, one.end))
    }
    this.#privateKey.mask(bytes, at - shift, end - shift)
    this.#held = Buffer.from(bytes.subarray(end - shift))
    this.#before = end > shift ? text.charAt(end - 1) : this.#before
    return bytes.subarray(0, end - shift)
  }
}

/** The lines after `-----BEGIN … PRIVATE KEY-----`, up to the dashes of the last: Base64, and how texts write a new line. */
class PrivateKeyBody {
  #bytesLeft = 0
  #dashes = 0
  /** Letters of an escape (`\n`, `\u000a`) that must stay. */
  #escaped = 0

  begin(): void {
    this.#bytesLeft = privateKeyBytesMax
    this.#dashes = 0
    this.#escaped = 0
  }

  mask(bytes: Buffer, from: number, to: number): void {
    for (let i = from; i < to && this.#bytesLeft > 0; i++) {
      this.#bytesLeft--
      const byte = bytes[i] ?? 0
      if (this.#escaped > 0) {
        this.#escaped += byte === 0x75 && this.#escaped === 1 ? 3 : -1
        continue
      }
      this.#dashes = byte === 0x2d ? this.#dashes + 1 : 0
      if (this.#dashes === 5) this.#bytesLeft = 0
      else if (byte === 0x5c) this.#escaped = 1
      else if (isBase64(byte)) bytes[i] = asterisk
      else if (!isBetweenLines(byte)) this.#bytesLeft = 0
    }
  }
}

function isBase64(byte: number): boolean {
  const lower = byte | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || '+/='.includes(String.fromCharCode(byte))
}

/** Blanks, the signs of headers (`Proc-Type: 4,ENCRYPTED`), of dashes, of entities and of percent-encoding. */
function isBetweenLines(byte: number): boolean {
  return ' \t\r\n:,-&#;%'.includes(String.fromCharCode(byte))
}
