// Which rule set is this? Read from what sets say of themselves: SecComponentSignature, the `ver` action, and the
// version number that CRS's set-up file stores in a variable.

import { closeSync, openSync, readSync } from 'node:fs'

export interface RuleSetVersion {
  /** As the set spells it: `OWASP_CRS`. */
  readonly name: string
  /** `3.3.4` */
  readonly version: string
}

/** The set's initialization file says it within its head; more need not be read. */
const headBytes = 256 * 1024

/** The first statement found in files (in load order), a set's own rules before its set-up file. */
export function detectVersion(rules: readonly string[], setup: readonly string[]): RuleSetVersion | undefined {
  for (const file of [...rules, ...setup]) {
    const found = versionIn(readHead(file))
    if (found) return found
  }
  return undefined
}

export function versionIn(text: string): RuleSetVersion | undefined {
  const plain = text.replace(/^[ \t]*#.*$/gm, '')
  const named =
    /^[ \t]*SecComponentSignature[ \t]+["']?([\w.-]+)\/(\d+(?:\.\d+)*[\w.-]*)/im.exec(plain) ??
    /\bver\s*:\s*'?([\w.-]+)\/(\d+(?:\.\d+)*[\w.-]*)/i.exec(plain)
  if (named) return { name: named[1] ?? '', version: named[2] ?? '' }
  const setup = /setvar:\s*'?tx\.crs_setup_version=(\d{3,5})\b/i.exec(plain)?.[1]
  return setup === undefined ? undefined : { name: 'OWASP_CRS', version: dotted(setup) }
}

/** CRS writes 3.3.4 as 334 and 4.28.0 as 4280: one digit, the middle, one digit. */
function dotted(digits: string): string {
  return `${digits.slice(0, 1)}.${digits.slice(1, -1)}.${digits.slice(-1)}`
}

function readHead(file: string): string {
  let handle: number | undefined
  try {
    handle = openSync(file, 'r')
    const buffer = Buffer.alloc(headBytes)
    return buffer.toString('utf8', 0, readSync(handle, buffer, 0, headBytes, 0))
  } catch {
    return '' // the loader reports a file that can't be read, with its place
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}
