// Variables of arguments, uploaded files, multipart parts and XML.

import type { ByteString } from '../../lib/bytes.ts'
import type { MultipartFlags, MultipartPart } from '../bodies/types.ts'
import { collection, flag, scalar, type VariableDefinition } from './definition.ts'
import type { State } from './state.ts'
import { noValues, Value } from './value.ts'

const queryArguments = (state: State) => state.arguments.slice(0, state.queryArgumentCount)
const bodyArguments = (state: State) => state.arguments.slice(state.queryArgumentCount)

export const argumentVariables: readonly VariableDefinition[] = [
  collection('ARGS', 2, 'All arguments: query, form, fields of multipart, JSON members.', state => state.arguments),
  collection('ARGS_GET', 1, 'Arguments of the query.', state => renamed('ARGS_GET', queryArguments(state))),
  collection('ARGS_POST', 2, 'Arguments of the body.', state => renamed('ARGS_POST', bodyArguments(state))),
  collection('ARGS_NAMES', 2, 'Names of all arguments.', state => namesOf('ARGS_NAMES', state.arguments)),
  collection('ARGS_GET_NAMES', 1, 'Names in the query.', state => namesOf('ARGS_GET_NAMES', queryArguments(state))),
  collection('ARGS_POST_NAMES', 2, 'Names in the body.', state => namesOf('ARGS_POST_NAMES', bodyArguments(state))),
  scalar('ARGS_COMBINED_SIZE', 2, 'Bytes of all names and values.', state => String(state.argumentBytes)),
  scalar(
    'LIMIT_EXCEEDED',
    2,
    "Which bound of arguments, cookies or the body was exceeded, in words; empty when none was. Merlon's own.",
    state => state.limitExceeded ?? '',
  ),
  scalar('URLENCODED_ERROR', 2, '1 when a percent sign started no escape.', state => flag(state.urlEncodedError)),
  collection('FILES', 2, 'File names of uploads as the client gave them.', state =>
    files(state, 'FILES', part => part.filename ?? ''),
  ),
  collection('FILES_NAMES', 2, 'Form fields that uploads came in.', state =>
    files(state, 'FILES_NAMES', part => part.name),
  ),
  collection('FILES_SIZES', 2, 'Bytes of each upload.', state =>
    files(state, 'FILES_SIZES', part => String(part.value.length)),
  ),
  collection('FILES_TMP_CONTENT', 2, 'Content of uploads.', state =>
    files(state, 'FILES_TMP_CONTENT', part => part.value),
  ),
  scalar('FILES_COMBINED_SIZE', 2, 'Bytes of all uploads.', state => String(combinedSize(state))),
  collection('MULTIPART_FILENAME', 2, 'File names in multipart headers.', state =>
    files(state, 'MULTIPART_FILENAME', part => part.filename ?? ''),
  ),
  collection('MULTIPART_NAME', 2, 'Field names in multipart headers.', state =>
    state.parts.map(part => new Value('MULTIPART_NAME', part.name, part.name)),
  ),
  collection('MULTIPART_PART_HEADERS', 2, 'Header lines of each part, by its name.', state =>
    state.parts.flatMap(part => part.headers.map(line => new Value('MULTIPART_PART_HEADERS', part.name, line))),
  ),
  multipart('MULTIPART_BOUNDARY_QUOTED', 'boundaryQuoted', 'The boundary parameter is quoted.'),
  multipart('MULTIPART_BOUNDARY_WHITESPACE', 'boundaryWhitespace', 'The boundary parameter has blanks around.'),
  multipart('MULTIPART_DATA_BEFORE', 'dataBefore', 'Bytes before the first boundary.'),
  multipart('MULTIPART_DATA_AFTER', 'dataAfter', 'Bytes after the last boundary.'),
  multipart('MULTIPART_HEADER_FOLDING', 'headerFolding', 'A part header is folded.'),
  multipart('MULTIPART_LF_LINE', 'lfLine', 'A line ends in LF alone.'),
  multipart('MULTIPART_CRLF_LF_LINES', 'crlfLfMixed', 'Lines end in CRLF and in LF.'),
  multipart('MULTIPART_MISSING_SEMICOLON', 'missingSemicolon', 'A semicolon is missing.'),
  multipart('MULTIPART_SEMICOLON_MISSING', 'missingSemicolon', 'A semicolon is missing.'),
  multipart('MULTIPART_INVALID_QUOTING', 'invalidQuoting', 'A parameter is quoted in a way that parsers disagree on.'),
  multipart('MULTIPART_INVALID_PART', 'invalidPart', 'A part has no name or is cut off.'),
  multipart('MULTIPART_INVALID_HEADER_FOLDING', 'invalidHeaderFolding', 'A header is folded wrongly.'),
  multipart('MULTIPART_FILE_LIMIT_EXCEEDED', 'fileLimitExceeded', 'More files than SecUploadFileLimit.'),
  multipart('MULTIPART_UNMATCHED_BOUNDARY', 'unmatchedBoundary', 'A line looks like a boundary and is none.'),
  scalar('MULTIPART_STRICT_ERROR', 2, '1 when any MULTIPART_… flag but the mixed line ends is set.', strictError),
  scalar('XML_DOCTYPE', 2, "What an XML body declares in <!DOCTYPE …>; Merlon's own.", state => state.xmlDoctype),
  scalar(
    'JSON_DUPLICATE_KEY',
    2,
    "A key that an object of a JSON body holds twice; Merlon's own.",
    state => state.jsonDuplicateKey,
  ),
]

/** Of `XML:/*` and `XML://@*`, the two XPaths that rules use. */
export const xmlText = collection('XML', 2, 'Text of an XML body as XML:/*, its attributes as XML://@*.', state =>
  state.xmlText.map(text => new Value('XML', '/*', text)),
)
export const xmlAttributes = collection('XML', 2, 'Attribute values of an XML body.', state =>
  state.xmlAttributes.map(text => new Value('XML', '//@*', text)),
)

function renamed(variable: string, values: readonly Value[]): readonly Value[] {
  return values.map(value => {
    const copy = new Value(variable, value.key, value.value)
    copy.placement = value.placement
    return copy
  })
}

function namesOf(variable: string, values: readonly Value[]): readonly Value[] {
  return values.map(value => new Value(variable, value.key, value.key ?? ''))
}

function files(state: State, variable: string, get: (part: MultipartPart) => ByteString): readonly Value[] {
  if (state.parts.length === 0) return noValues
  const found: Value[] = []
  for (const part of state.parts) {
    if (part.filename !== undefined) found.push(new Value(variable, part.name, get(part)))
  }
  return found
}

function combinedSize(state: State): number {
  let bytes = 0
  for (const part of state.parts) if (part.filename !== undefined) bytes += part.value.length
  return bytes
}

function multipart(name: string, key: keyof MultipartFlags, summary: string): VariableDefinition {
  return scalar(name, 2, summary, state => flag(state.multipartFlags?.[key] ?? false))
}

function strictError(state: State): ByteString {
  const flags = state.multipartFlags
  if (!flags) return '0'
  const lineEndsAside = Object.entries(flags).some(
    ([key, on]) => on && key !== 'crlfLfMixed' && key !== 'unmatchedBoundary',
  )
  return flag(lineEndsAside || (state.bodyProcessor === 'MULTIPART' && state.bodyError !== undefined))
}
