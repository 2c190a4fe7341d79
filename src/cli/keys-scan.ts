// merlon keys scan PATH…: finds keys and secrets in files, as a check before they are published. Files are read piece by
// piece, so their size is no bound; links are not followed.

import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { findKnownSecrets, hintOfSecret, type SecretGroup, secretGroups, secretLengthMax } from '../lib/secrets.ts'
import { CommandFailure, print, printJson, say } from './output.ts'

export interface ScanOptions {
  readonly exclude?: readonly string[]
  readonly jwt?: true
  readonly json?: true
}

interface Found {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly kind: string
  readonly hint: string
}

const pieceBytes = 1024 * 1024
/** More than this nobody reads; that there were more is said. */
const foundMax = 1000
const filesMax = 1_000_000
/** What versioning and packagers keep is not ours to write, and is compressed or copied. */
const neverIn = ['.git', 'node_modules']

export function scanKeys(paths: readonly string[], { exclude = [], jwt, json }: ScanOptions): number {
  const groups = new Set<SecretGroup>(secretGroups.filter(group => group !== 'jwt' || jwt === true))
  const names = new Set([...neverIn, ...exclude])
  const scan = new Scan(groups)
  for (const path of paths) scan.path(path, names)
  if (json) printJson({ files: scan.files, found: scan.found, complete: scan.isComplete })
  else {
    for (const { file, line, column, kind, hint } of scan.found) print(`${file}:${line}:${column}  ${kind}  ${hint}`)
    say(`${scan.found.length} found in ${scan.files} files${scan.isComplete ? '' : ', and not all was looked at'}`)
  }
  return scan.found.length > 0 || !scan.isComplete ? 1 : 0
}

class Scan {
  readonly found: Found[] = []
  files = 0
  isComplete = true
  readonly #groups: ReadonlySet<SecretGroup>
  readonly #buffer = Buffer.allocUnsafe(pieceBytes)

  constructor(groups: ReadonlySet<SecretGroup>) {
    this.#groups = groups
  }

  /** @throws CommandFailure when what was named is not there */
  path(path: string, exclude: ReadonlySet<string>): void {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat) throw new CommandFailure(`${path} does not exist`, 2)
    if (!stat.isDirectory()) return this.#file(path)
    const open = [path]
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      for (const entry of this.#entries(folder)) {
        if (exclude.has(entry.name)) continue
        const inner = join(folder, entry.name)
        if (entry.isDirectory()) open.push(inner)
        else if (entry.isFile()) this.#file(inner)
        if (!this.isComplete) return
      }
    }
  }

  #entries(folder: string) {
    try {
      return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    } catch (error) {
      return this.#unread(folder, error)
    }
  }

  #file(path: string): void {
    if (++this.files > filesMax) this.isComplete = false
    let file: number
    try {
      file = openSync(path, 'r')
    } catch (error) {
      this.#unread(path, error)
      return
    }
    try {
      this.#pieces(path, file)
    } catch (error) {
      this.#unread(path, error)
    } finally {
      closeSync(file)
    }
  }

  #unread(path: string, error: unknown): [] {
    say(`${path} was not read: ${error instanceof Error ? error.message : String(error)}`)
    this.isComplete = false
    return []
  }

  /** Each piece with the end of the one before, where a secret may have begun. */
  #pieces(path: string, file: number): void {
    let text = ''
    let line = 1
    let column = 1
    /** What is before has been looked at. */
    let known = 0
    for (;;) {
      const bytes = readSync(file, this.#buffer, 0, pieceBytes, null)
      text += this.#buffer.toString('latin1', 0, bytes)
      const isLast = bytes === 0
      // What could go on in the next piece is looked at with it.
      const settled = isLast ? text.length : Math.max(0, text.length - secretLengthMax)
      const place = { at: 0, line, column }
      for (const { kind, start, end } of findKnownSecrets(text, this.#groups, foundMax)) {
        if (start < known || start >= settled) continue
        if (this.found.length >= foundMax) {
          this.isComplete = false
          return
        }
        advance(place, text, start)
        this.found.push({
          file: path,
          line: place.line,
          column: place.column,
          kind,
          hint: hintOfSecret(text.slice(start, end)),
        })
        known = end
      }
      if (isLast) return
      // With the character before: whether a secret begins there or goes on.
      const kept = Math.max(0, settled - 1)
      advance(place, text, kept)
      line = place.line
      column = place.column
      known = Math.max(known, settled) - kept
      text = text.slice(kept)
    }
  }
}

/** Moves a place forward; columns count characters, and what goes on from a byte of UTF-8 is none. */
function advance(place: { at: number; line: number; column: number }, text: string, to: number): void {
  for (; place.at < to; place.at++) {
    const code = text.charCodeAt(place.at)
    if (code === 0x0a) {
      place.line++
      place.column = 1
    } else if ((code & 0xc0) !== 0x80) place.column++
  }
}
