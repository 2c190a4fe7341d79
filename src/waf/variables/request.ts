// Variables of the request line, the headers, the connection and the request body as a whole.

import { type ByteString, bufferToBytes, lowerAscii } from '../../lib/bytes.ts'
import { collection, flag, scalar, type VariableDefinition } from './definition.ts'
import type { State } from './state.ts'
import { noValues } from './value.ts'

export const requestVariables: readonly VariableDefinition[] = [
  scalar('REQUEST_METHOD', 1, 'Method of the request.', state => state.method),
  scalar('REQUEST_PROTOCOL', 1, 'Protocol of the request, such as HTTP/1.1.', state => state.protocol),
  scalar('REQUEST_LINE', 1, 'The whole request line.', state => `${state.method} ${state.target} ${state.protocol}`),
  scalar('REQUEST_URI', 1, 'Path and query, percent-decoded, without scheme and host.', state => state.uri),
  scalar('REQUEST_URI_RAW', 1, 'The request target as it was received.', state => state.target),
  scalar('REQUEST_FILENAME', 1, 'Path, percent-decoded.', state => state.path),
  scalar('REQUEST_BASENAME', 1, 'What follows the last slash of the path.', basename),
  scalar('PATH_INFO', 1, 'Path, percent-decoded (as ModSecurity 3 has it).', state => state.path),
  scalar('QUERY_STRING', 1, 'Query as it was received.', state => (state.hasQuery ? state.query : undefined)),
  scalar('AUTH_TYPE', 1, 'Scheme of the Authorization header.', authType),
  scalar('REMOTE_USER', 1, 'User name of Basic authentication, not verified.', remoteUser),
  scalar('REMOTE_ADDR', 1, 'Address of the client.', state => state.clientIp),
  scalar('REMOTE_HOST', 1, 'Address of the client; names are not looked up.', state => state.clientIp),
  scalar('USERAGENT_IP', 1, 'Address of the client.', state => state.clientIp),
  scalar('REMOTE_PORT', 1, 'Port of the client.', state => String(state.clientPort)),
  scalar('SERVER_ADDR', 1, 'Address that the client connected to.', state => state.serverIp),
  scalar('SERVER_PORT', 1, 'Port that the client connected to.', state => String(state.serverPort)),
  scalar('SERVER_NAME', 1, 'Host header without port.', state => state.host),
  scalar('UNIQUE_ID', 1, 'Id of the transaction.', state => state.id),
  scalar('WEBAPPID', 1, 'SecWebAppId of the rule set.', state => state.settings.webAppId),
  {
    ...collection('REQUEST_HEADERS', 1, 'Header values by name.', state => state.requestHeaders),
    readMember: (state, lowerName) => state.requestHeaderIndex().get(lowerName) ?? noValues,
  },
  collection('REQUEST_HEADERS_NAMES', 1, 'Names of headers.', state => state.requestHeaderNames),
  collection('REQUEST_COOKIES', 1, 'Cookie values by name.', state => state.cookies),
  collection('REQUEST_COOKIES_NAMES', 1, 'Names of cookies.', state => state.cookieNames),
  scalar('REQUEST_BODY', 2, 'The body of a form, or of any type if forced.', body),
  scalar('BODY_SOURCE', 2, "Body of a form or of XML as it came, which its values don't show; Merlon's own.", source),
  scalar('REQUEST_BODY_LENGTH', 2, 'Bytes of the request body.', state => String(state.requestBodyBytes)),
  scalar('FULL_REQUEST', 2, 'Headers and body of the request.', fullRequest),
  scalar('FULL_REQUEST_LENGTH', 2, 'Bytes of FULL_REQUEST.', state => String(fullRequest(state).length)),
  scalar('REQBODY_PROCESSOR', 0, 'URLENCODED, MULTIPART, JSON, XML or nothing.', state => state.bodyProcessor),
  scalar('REQBODY_ERROR', 2, '1 when the body could not be read.', state => flag(state.bodyError !== undefined)),
  scalar('REQBODY_ERROR_MSG', 2, 'Why the body could not be read.', state => state.bodyError ?? ''),
  scalar('REQBODY_PROCESSOR_ERROR', 2, 'Same as REQBODY_ERROR.', state => flag(state.bodyError !== undefined)),
  scalar('REQBODY_PROCESSOR_ERROR_MSG', 2, 'Same as REQBODY_ERROR_MSG.', state => state.bodyError ?? ''),
  scalar('INBOUND_DATA_ERROR', 2, '1 when the body was over its limit.', state => flag(state.requestBodyTruncated)),
]

function basename(state: State): ByteString {
  return state.path.slice(Math.max(state.path.lastIndexOf('/'), state.path.lastIndexOf('\\')) + 1)
}

/**
 * XML and multipart are seen through their parsed form alone, as in ModSecurity 2: their raw bytes make rules see markup
 * and uploaded files as arguments. JSON shows its raw bytes as well, as in ModSecurity 3, because names that a parser
 * drops (a key given twice) are still in them. ctl:forceRequestBodyVariable shows what is otherwise hidden.
 */
function body(state: State): ByteString | undefined {
  if (state.requestBody === '') return undefined
  const { bodyProcessor } = state
  if (bodyProcessor === 'URLENCODED' || bodyProcessor === 'JSON') return state.requestBody
  return state.forceRequestBodyVariable ? state.requestBody : undefined
}

/** What is escaped twice or stands between values. Of JSON the values and names say all, and LAYERS has what isn't parsed. */
function source(state: State): ByteString | undefined {
  const { bodyProcessor, requestBody } = state
  return requestBody !== '' && (bodyProcessor === 'URLENCODED' || bodyProcessor === 'XML') ? requestBody : undefined
}

function fullRequest(state: State): ByteString {
  let text = `${state.method} ${state.target} ${state.protocol}\n`
  for (const header of state.requestHeaders) text += `${header.key}: ${header.value}\n`
  return `${text}\n${state.requestBody}`
}

function authType(state: State): ByteString | undefined {
  if (state.authorization === '') return undefined
  const space = state.authorization.indexOf(' ')
  return space < 0 ? state.authorization : state.authorization.slice(0, space)
}

function remoteUser(state: State): ByteString | undefined {
  if (lowerAscii(state.authorization.slice(0, 6)) !== 'basic ') return undefined
  const decoded = bufferToBytes(Buffer.from(state.authorization.slice(6), 'base64'))
  const colon = decoded.indexOf(':')
  return colon < 0 ? decoded : decoded.slice(0, colon)
}
