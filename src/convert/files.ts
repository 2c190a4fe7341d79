// Files of a set-up, bounded. Each is text in UTF-8; other bytes become U+FFFD, which no name of a directive has.

import type { FilePort } from '../waf/types.ts'

const bytesMax = 16 * 1024 * 1024

export function readText(path: string, files: FilePort): string | { readonly problem: string } {
  try {
    const bytes = files.read(path)
    if (bytes.length > bytesMax) return { problem: `is larger than ${bytesMax} bytes` }
    return Buffer.from(bytes)
      .toString('utf8')
      .replace(/^\ufeff/, '')
  } catch (error) {
    return { problem: `can't be read: ${error instanceof Error ? error.message : String(error)}` }
  }
}
