// Byte classes that several transformations need, as C's ctype has them in the "C" locale.

/** Value of a hexadecimal digit by byte, -1 for any other byte. */
const hexValue = new Int8Array(256).fill(-1)
for (let i = 0; i < 10; i++) hexValue[0x30 + i] = i
for (let i = 0; i < 6; i++) {
  hexValue[0x41 + i] = 10 + i
  hexValue[0x61 + i] = 10 + i
}

export function hexOf(byte: number | undefined): number {
  return byte === undefined ? -1 : (hexValue[byte] ?? -1)
}

/** The byte that two hexadecimal digits stand for, or -1. */
export function hexPair(high: number | undefined, low: number | undefined): number {
  const a = hexOf(high)
  const b = hexOf(low)
  return a < 0 || b < 0 ? -1 : (a << 4) | b
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
}

export function isOctal(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x37
}

/** Byte for the letter after a backslash in C and JavaScript (`n` is a line feed), or -1. */
export function controlEscape(letter: number | undefined): number {
  switch (letter) {
    case 0x61:
      return 0x07 // a
    case 0x62:
      return 0x08 // b
    case 0x66:
      return 0x0c // f
    case 0x6e:
      return 0x0a // n
    case 0x72:
      return 0x0d // r
    case 0x74:
      return 0x09 // t
    case 0x76:
      return 0x0b // v
    default:
      return -1
  }
}
