// multipart/form-data bodies, line by line as ModSecurity reads them, with its flags for everything that another
// parser may read in another way. An error is noted and reading goes on where it can: what follows is inspected too.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { parseBoundary } from './multipart-boundary.ts'
import { parseDisposition } from './multipart-disposition.ts'
import type { BodyError, BodyLimits, MultipartFlags, MultipartPart, ParsedMultipart } from './types.ts'

const maxHeaderLine = 4096
const maxHeaderLines = 64

export function parseMultipart(body: ByteString, contentType: ByteString, limits: BodyLimits): ParsedMultipart {
  const flags = noFlags()
  const boundary = parseBoundary(contentType, flags)
  if (!boundary.ok) return { parts: [], flags, error: { message: `multipart: ${boundary.message}`, offset: 0 } }
  return new MultipartReader(body, boundary.boundary, limits, flags).read()
}

function noFlags(): MultipartFlags {
  return {
    boundaryQuoted: false,
    boundaryWhitespace: false,
    dataBefore: false,
    dataAfter: false,
    headerFolding: false,
    lfLine: false,
    missingSemicolon: false,
    invalidQuoting: false,
    invalidPart: false,
    invalidHeaderFolding: false,
    fileLimitExceeded: false,
    unmatchedBoundary: false,
    crlfLfMixed: false,
  }
}

type BoundaryLine = 'none' | 'next' | 'final'

class MultipartReader {
  readonly #body: ByteString
  readonly #delimiter: ByteString
  readonly #limits: BodyLimits
  readonly #flags: MultipartFlags
  readonly #parts: MultipartPart[] = []
  #error: BodyError | undefined
  #sawCrlf = false
  #at = 0

  constructor(body: ByteString, boundary: ByteString, limits: BodyLimits, flags: MultipartFlags) {
    this.#body = body
    this.#delimiter = `--${boundary}`
    this.#limits = limits
    this.#flags = flags
  }

  read(): ParsedMultipart {
    let found = this.#skipPreamble()
    if (found === 'none') this.#fail(this.#body === '' ? 'the body is empty' : 'no boundary in the body')
    while (found === 'next') {
      if (this.#parts.length >= this.#limits.multipartParts) {
        this.#flags.fileLimitExceeded = true
        this.#fail(`more than ${this.#limits.multipartParts} parts`, true)
        break
      }
      found = this.#part()
      if (found === 'none') this.#fail('no final boundary')
    }
    if (found === 'final' && this.#at < this.#body.length) this.#flags.dataAfter = true
    this.#flags.crlfLfMixed = this.#sawCrlf && this.#flags.lfLine
    return { parts: this.#parts, flags: this.#flags, error: this.#error }
  }

  #fail(message: string, isLimit = false): void {
    this.#error ??= { message: `multipart: ${message}`, offset: this.#at, isLimit }
  }

  #skipPreamble(): BoundaryLine {
    while (this.#at < this.#body.length) {
      const found = this.#boundaryLine()
      if (found !== 'none') return found
      this.#flags.dataBefore = true
      this.#at = this.#lineEnd()
    }
    return 'none'
  }

  /** Index behind the line feed that ends the line at hand, or the end of the body. */
  #lineEnd(): number {
    const lf = this.#body.indexOf('\n', this.#at)
    return lf < 0 ? this.#body.length : lf + 1
  }

  /** Reads the line at hand if it is a boundary, else stays before it. */
  #boundaryLine(): BoundaryLine {
    const body = this.#body
    if (body.charCodeAt(this.#at) !== 0x2d || body.charCodeAt(this.#at + 1) !== 0x2d) return 'none'
    if (!body.startsWith(this.#delimiter, this.#at)) {
      if (this.#lineEnd() - this.#at > 3) this.#flags.unmatchedBoundary = true
      return 'none'
    }
    let end = this.#at + this.#delimiter.length
    const isFinal = body.startsWith('--', end)
    if (isFinal) end += 2
    const afterMarks = end
    while (body.charCodeAt(end) === 0x20 || body.charCodeAt(end) === 0x09) end++
    const crlf = body.startsWith('\r\n', end)
    if (!crlf && body.charCodeAt(end) !== 0x0a && end < body.length) {
      // A longer word than the boundary. ModSecurity refuses it; a back end may take it for a boundary or not.
      this.#fail('a line starts with the boundary and goes on')
      return 'none'
    }
    if (end > afterMarks) this.#fail('white space behind a boundary')
    if (crlf) this.#sawCrlf = true
    else if (end < body.length) this.#flags.lfLine = true
    this.#flags.unmatchedBoundary = false // only one after the last boundary that matches tells of a foreign body
    this.#at = Math.min(end + (crlf ? 2 : 1), body.length)
    return isFinal ? 'final' : 'next'
  }

  #part(): BoundaryLine {
    const headers: ByteString[] = []
    const endedBy = this.#headers(headers)
    const disposition = findHeader(headers, 'content-disposition')
    if (disposition === undefined) this.#fail('a part without Content-Disposition')
    const names = parseDisposition(disposition ?? '', this.#flags)
    if (names.problem && disposition !== undefined) this.#fail(names.problem)
    if (names.name === '') this.#flags.invalidPart = true
    const contentType = findHeader(headers, 'content-type') ?? ''
    const start = this.#at
    const found = endedBy === 'none' ? this.#data() : endedBy
    const value = endedBy === 'none' ? this.#body.slice(start, this.#dataEnd) : ''
    this.#parts.push({ name: names.name, filename: names.filename, headers, contentType, value })
    return found
  }

  /** Reads header lines up to the empty line; a boundary may come before it. */
  #headers(into: ByteString[]): BoundaryLine {
    while (this.#at < this.#body.length) {
      const found = this.#boundaryLine()
      if (found !== 'none') {
        this.#flags.invalidPart = true
        return found
      }
      const end = this.#lineEnd()
      const line = this.#headerLine(end)
      const start = this.#at
      this.#at = end
      if (line === '') return 'none'
      if (end - start > maxHeaderLine || into.length >= maxHeaderLines) this.#fail('part headers are too long')
      else this.#addHeader(line, into)
    }
    return 'none'
  }

  #headerLine(end: number): ByteString {
    if (this.#body.charCodeAt(end - 1) !== 0x0a) return this.#body.slice(this.#at, end)
    const crlf = end - 2 >= this.#at && this.#body.charCodeAt(end - 2) === 0x0d
    if (crlf) this.#sawCrlf = true
    else this.#flags.lfLine = true
    return this.#body.slice(this.#at, crlf ? end - 2 : end - 1)
  }

  #addHeader(line: ByteString, into: ByteString[]): void {
    if (line.includes('\0')) this.#fail('a NUL byte in part headers')
    if (isSpace(line.charCodeAt(0))) {
      this.#fold(line, into)
      return
    }
    const colon = line.indexOf(':')
    if (colon < 1) this.#fail('a part header without a name')
    else if (!isVisible(line, colon)) this.#fail('a part header name with invalid bytes')
    else if (findHeader(into, line.slice(0, colon).toLowerCase()) !== undefined) this.#fail('a part header twice')
    into.push(line)
  }

  #fold(line: ByteString, into: ByteString[]): void {
    this.#flags.headerFolding = true
    let start = 0
    for (; isSpace(line.charCodeAt(start)); start++) {
      const c = line.charCodeAt(start)
      if (c !== 0x20 && c !== 0x09) this.#flags.invalidHeaderFolding = true
    }
    const last = into.length - 1
    const folded = `${into[last] ?? ''} ${line.slice(start)}`
    if (last < 0) this.#fail('a folded line without a part header')
    else if (folded.length > maxHeaderLine) this.#fail('part headers are too long')
    else into[last] = folded
  }

  #dataEnd = 0

  /** Reads up to the next boundary line; the line break before it belongs to the boundary. */
  #data(): BoundaryLine {
    const start = this.#at
    // From the second line on: a boundary that stands where the data should begin belongs to an invalid part.
    const early = this.#boundaryLine()
    if (early !== 'none') {
      this.#flags.invalidPart = true
      this.#dataEnd = start
      return early
    }
    while (this.#at < this.#body.length) {
      this.#at = this.#nextDashedLine()
      if (this.#at >= this.#body.length) break
      const end = this.#at
      const found = this.#boundaryLine()
      if (found !== 'none') {
        const crlf = this.#body.charCodeAt(end - 2) === 0x0d && end - 2 >= start
        if (!crlf) this.#flags.lfLine = true
        this.#dataEnd = crlf ? end - 2 : end - 1
        return found
      }
    }
    this.#at = this.#body.length
    this.#dataEnd = this.#body.length
    return 'none'
  }

  #nextDashedLine(): number {
    const next = this.#body.indexOf('\n--', this.#at)
    return next < 0 ? this.#body.length : next + 1
  }
}

function findHeader(headers: readonly ByteString[], name: ByteString): ByteString | undefined {
  for (const header of headers) {
    if (header.charCodeAt(name.length) !== 0x3a || header.slice(0, name.length).toLowerCase() !== name) continue
    return header.slice(name.length + 1).trim()
  }
  return undefined
}

function isVisible(line: ByteString, end: number): boolean {
  for (let i = 0; i < end; i++) if (line.charCodeAt(i) < 0x21 || line.charCodeAt(i) > 0x7e) return false
  return true
}
