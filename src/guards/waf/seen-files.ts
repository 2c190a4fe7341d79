// Remembers what was read of the disk while rules were loaded, so that a reload compiles them again only when one of
// their files has changed: compiling takes up to a second, and the worker serves nobody meanwhile.

import { createHash } from 'node:crypto'
import type { FilePort } from '../../waf/types.ts'

export class SeenFiles implements FilePort {
  readonly #files: FilePort
  readonly #reads = new Map<string, string>()
  readonly #globs = new Map<string, string>()

  constructor(files: FilePort) {
    this.#files = files
  }

  read(path: string): Uint8Array {
    const bytes = this.#files.read(path)
    this.#reads.set(path, hash(bytes))
    return bytes
  }

  glob(pattern: string): readonly string[] {
    const found = this.#files.glob(pattern)
    this.#globs.set(pattern, found.join('\n'))
    return found
  }

  resolve(fromFile: string, path: string): string {
    return this.#files.resolve(fromFile, path)
  }

  /** Whether anything that was read would be read otherwise now. */
  haveChanged(): boolean {
    try {
      for (const [pattern, found] of this.#globs) if (this.#files.glob(pattern).join('\n') !== found) return true
      for (const [path, known] of this.#reads) if (hash(this.#files.read(path)) !== known) return true
      return false
    } catch {
      return true // gone, or not to be read any more
    }
  }
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}
