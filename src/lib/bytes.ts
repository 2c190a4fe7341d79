// Byte strings: how request data is held everywhere that inspects it.
// A ByteString has one UTF-16 unit per byte (0..255), as in WebIDL. V8 keeps it in one byte a character, it is
// comparable, sliceable and a Map key, and no decoding can lose or change a byte on the way to a rule.

export type ByteString = string

const encoder = new TextEncoder()

/** Turns text (any Unicode string) into the byte string of its UTF-8 encoding. */
export function utf8ToBytes(text: string): ByteString {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return bufferToBytes(encoder.encode(text))
  }
  return text
}

/** Turns a byte string into text, reading it as UTF-8; bytes that are not UTF-8 become U+FFFD. For display only. */
export function bytesToUtf8(bytes: ByteString): string {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes.charCodeAt(i) > 0x7f) return Buffer.from(bytes, 'latin1').toString('utf8')
  }
  return bytes
}

export function bufferToBytes(buffer: Uint8Array): ByteString {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength).toString('latin1')
}

export function bytesToBuffer(bytes: ByteString): Buffer {
  return Buffer.from(bytes, 'latin1')
}

/** Lower-cases A to Z alone, as C's tolower does in the "C" locale. String#toLowerCase would change 0xC0 to 0xDE. */
export function lowerAscii(bytes: ByteString): ByteString {
  let hasUpper = false
  for (let i = 0; i < bytes.length && !hasUpper; i++) {
    const c = bytes.charCodeAt(i)
    hasUpper = c >= 0x41 && c <= 0x5a
  }
  if (!hasUpper) return bytes
  // From the start: a high byte may stand before the first letter.
  for (let i = 0; i < bytes.length; i++) {
    if (bytes.charCodeAt(i) > 0x7f) return Buffer.from(Buffer.from(bytes, 'latin1').map(lowerByte)).toString('latin1')
  }
  return bytes.toLowerCase()
}

function lowerByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
