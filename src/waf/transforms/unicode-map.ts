// Unicode maps of urlDecodeUni: the byte that a code page makes of a code point. Servers with a "best fit" map turn
// %u2019 into ', so an inspector has to do the same. Either read from a SecUnicodeMapFile or made here.

import type { ByteString } from '../../lib/bytes.ts'

/** One entry for each code point of the basic plane: the byte it becomes, or -1. */
export type UnicodeMap = Int16Array

const size = 0x10000

/**
 * Reads the block of one code page out of a map file: a line that starts with the code page's number, then lines of
 * `hex:hex` pairs up to an empty line or the next code page. Returns undefined when the file has no such block.
 */
export function parseUnicodeMap(text: ByteString, codePage: number): UnicodeMap | undefined {
  let map: UnicodeMap | undefined
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/)
    const first = words[0] ?? ''
    if (map && (first === '' || !first.includes(':'))) {
      if (first !== '') break
      continue
    }
    if (!map) {
      if (first === String(codePage)) map = new Int16Array(size).fill(-1)
      continue
    }
    for (const word of words) addPair(map, word)
  }
  return map
}

function addPair(map: UnicodeMap, word: string): void {
  const colon = word.indexOf(':')
  const from = Number.parseInt(word.slice(0, colon), 16)
  const to = Number.parseInt(word.slice(colon + 1), 16)
  if (from >= 0 && from < size && to >= 0 && to <= 0xff) map[from] = to
}

// Look-alikes that compatibility decomposition does not give, by the ASCII character they pass for.
const lookAlikes: readonly (readonly [string, readonly number[]])[] = [
  ["'", [0x02b9, 0x02bb, 0x02bc, 0x02bd, 0x02c8, 0x02ca, 0x2018, 0x2019, 0x201a, 0x201b, 0x2032, 0x2035, 0x00b4]],
  ['"', [0x02ba, 0x02ee, 0x201c, 0x201d, 0x201e, 0x201f, 0x2033, 0x2036, 0x301d, 0x301e, 0x00ab, 0x00bb]],
  ['`', [0x02cb, 0x0300, 0x2035]],
  ['<', [0x2039, 0x2329, 0x27e8, 0x3008, 0x02c2]],
  ['>', [0x203a, 0x232a, 0x27e9, 0x3009, 0x02c3]],
  ['-', [0x00ad, 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212]],
  ['/', [0x2044, 0x2215, 0x2571]],
  ['\\', [0x2216, 0x2572]],
  ['|', [0x01c0, 0x2223, 0x2758, 0x00a6]],
  ['*', [0x2217, 0x204e]],
  ['^', [0x02c6, 0x0302, 0x2038]],
  ['~', [0x02dc, 0x0303, 0x223c]],
  [':', [0x2236, 0x02d0]],
  [';', [0x037e]],
  ['!', [0x01c3]],
  ['_', [0x2017]],
  ['#', [0x266f]],
  [' ', [0x00a0, 0x1680, 0x180e, 0x200b, 0x2028, 0x2029, 0x3000]],
]

/** A map to plain ASCII: what decomposes to an ASCII character (Ā to A, full-width forms), and the look-alikes. */
export function bestFitAscii(): UnicodeMap {
  const map = new Int16Array(size).fill(-1)
  for (let code = 0; code < 0x80; code++) map[code] = code
  for (let code = 0x80; code < size; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const decomposed = String.fromCharCode(code).normalize('NFKD')
    const ascii = decomposed.charCodeAt(0)
    if (ascii < 0x80 && onlyMarksFollow(decomposed)) map[code] = ascii
  }
  for (const [ascii, codes] of lookAlikes) for (const code of codes) map[code] = ascii.charCodeAt(0)
  return map
}

function onlyMarksFollow(text: string): boolean {
  for (let i = 1; i < text.length; i++) if (text.charCodeAt(i) < 0x300 || text.charCodeAt(i) > 0x36f) return false
  return true
}
