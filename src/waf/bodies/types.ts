// What the body processors give to the variables. Every processor is bounded by BodyLimits, never throws on any bytes,
// and reports what it could not make sense of in `error`.

import type { ByteString } from '../../lib/bytes.ts'

export interface BodyLimits {
  readonly jsonDepth: number
  /** Keys and array items together. */
  readonly jsonKeys: number
  readonly multipartParts: number
  readonly xmlDepth: number
  readonly xmlNodes: number
}

/** Flat list of decoded arguments: [name, value, name, value, …]. */
export type FlatArguments = ByteString[]

export interface BodyError {
  /** Short, for REQBODY_ERROR_MSG. Holds no more than 64 bytes of the body. */
  readonly message: string
  readonly offset: number
  /** The body may be well-formed, and is larger than a bound of BodyLimits. */
  readonly isLimit?: boolean
}

export interface ParsedUrlEncoded {
  readonly arguments: FlatArguments
  /** There were more than are read. */
  readonly isCut: boolean
  /** Percent signs that start no valid escape (URLENCODED_ERROR). */
  readonly invalidEscapes: number
}

export interface ParsedJson {
  /** Named `json.user.name`, `json.items.array_0` as ModSecurity 3 does; the value of a scalar body is `json`. */
  readonly arguments: FlatArguments
  readonly error: BodyError | undefined
  /** An object had the same key twice: two parsers may read two different documents. */
  readonly duplicateKey: ByteString | undefined
}

export interface ParsedXml {
  /** All text content, as `XML:/*` yields it. */
  readonly text: ByteString[]
  /** All attribute values, as `XML://@*` yields them. */
  readonly attributes: ByteString[]
  readonly hasDoctype: boolean
  /** What stands between `<!DOCTYPE` and its `>`, '' without one. Entities declared there are not expanded. */
  readonly doctype: ByteString
  readonly error: BodyError | undefined
}

export interface MultipartPart {
  readonly name: ByteString
  /** undefined for a field; '' is a file without a name. */
  readonly filename: ByteString | undefined
  /** `name: value` lines as they stood. */
  readonly headers: ByteString[]
  readonly contentType: ByteString
  readonly value: ByteString
}

/** The variables MULTIPART_… of ModSecurity; each true when the body shows the oddity. */
export interface MultipartFlags {
  boundaryQuoted: boolean
  boundaryWhitespace: boolean
  dataBefore: boolean
  dataAfter: boolean
  headerFolding: boolean
  lfLine: boolean
  missingSemicolon: boolean
  invalidQuoting: boolean
  invalidPart: boolean
  invalidHeaderFolding: boolean
  fileLimitExceeded: boolean
  unmatchedBoundary: boolean
  crlfLfMixed: boolean
}

export interface ParsedMultipart {
  readonly parts: readonly MultipartPart[]
  readonly flags: MultipartFlags
  readonly error: BodyError | undefined
}

// parseUrlEncoded(body, separator, most) · parseJson(body, limits) · parseXml(body, limits) ·
// parseMultipart(body, contentType, limits), each in the file of its name beside this one.
