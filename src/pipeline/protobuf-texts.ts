// The texts of a protobuf message whose schema nobody knows. Length-delimited fields are text, or messages, or bytes;
// what can be read in two ways is given in both, so that no reading hides from rules what another one shows.

import { isUtf8 } from 'node:buffer'

/** Deeper messages are given as they are. */
const depthMax = 32

/** In order. A message that is no protobuf is one text. */
export function protobufTexts(message: Uint8Array): Uint8Array[] {
  const texts: Uint8Array[] = []
  if (!collect(message, texts, 0)) return [message]
  return texts
}

/** False when it is no message; what was collected by then is taken back. */
function collect(bytes: Uint8Array, texts: Uint8Array[], depth: number): boolean {
  const before = texts.length
  let at = 0
  while (at < bytes.length) {
    const tag = readVarint(bytes, at)
    if (!tag || tag.value < 8) break
    at = tag.end
    const wireType = tag.value & 7
    if (wireType === 0) {
      const skipped = readVarint(bytes, at)
      if (!skipped) break
      at = skipped.end
    } else if (wireType === 1 || wireType === 5) at += wireType === 1 ? 8 : 4
    else if (wireType === 2) {
      const length = readVarint(bytes, at)
      if (!length || length.end + length.value > bytes.length) break
      const field = bytes.subarray(length.end, length.end + length.value)
      at = length.end + length.value
      addField(field, texts, depth)
    } else break
    if (at === bytes.length) return true
  }
  if (at === bytes.length) return true
  texts.length = before
  return false
}

function addField(field: Uint8Array, texts: Uint8Array[], depth: number): void {
  if (field.length === 0) return
  const isText = isUtf8(field)
  if (isText && !hasControls(field)) {
    texts.push(field)
    return
  }
  const isMessage = depth < depthMax && collect(field, texts, depth + 1)
  if (isText || !isMessage) texts.push(field)
}

function hasControls(bytes: Uint8Array): boolean {
  for (const byte of bytes) if ((byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 0x7f) return true
  return false
}

/** At most 10 bytes; what is beyond 2^53 is no length and no tag that anybody uses. */
function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, end: start + i + 1 }
  }
  return undefined
}
