// Reads the error pages of an operator.

import { readFileSync } from 'node:fs'

/** Sent with every refusal: what is larger is not a page that tells somebody of it. */
const pageBytesMax = 256 * 1024

/** By status; what can't be read is told by `onProblem` and left out. */
export function readPages(
  files: Readonly<Record<string, string>>,
  onProblem: (status: string, message: string) => void,
): ReadonlyMap<string, string> {
  const pages = new Map<string, string>()
  for (const [status, file] of Object.entries(files)) {
    try {
      const page = readFileSync(file)
      if (page.length > pageBytesMax) onProblem(status, `${file} is larger than ${pageBytesMax} bytes`)
      else pages.set(status, page.toString('utf8'))
    } catch (error) {
      onProblem(status, `can’t read ${file}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return pages
}
