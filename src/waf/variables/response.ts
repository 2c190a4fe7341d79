// Variables of the response.

import { collection, flag, scalar, type VariableDefinition } from './definition.ts'

export const responseVariables: readonly VariableDefinition[] = [
  scalar('RESPONSE_STATUS', 3, 'Status code.', state =>
    state.responseStatus ? String(state.responseStatus) : undefined,
  ),
  scalar('STATUS', 3, 'Status code.', state => (state.responseStatus ? String(state.responseStatus) : undefined)),
  scalar('STATUS_LINE', 3, 'Protocol and status code; a gateway passes no reason phrase on.', state =>
    state.responseStatus ? `${state.responseProtocol} ${state.responseStatus}` : undefined,
  ),
  scalar('RESPONSE_PROTOCOL', 3, 'Protocol of the response.', state => state.responseProtocol),
  scalar('RESPONSE_CONTENT_TYPE', 3, 'Media type without parameters.', state => state.responseContentType),
  scalar('RESPONSE_CONTENT_LENGTH', 3, 'Bytes of the body, or what its header says.', state =>
    state.responseContentLength === '' ? String(state.responseBodyBytes) : state.responseContentLength,
  ),
  collection('RESPONSE_HEADERS', 3, 'Header values by name.', state => state.responseHeaders),
  collection('RESPONSE_HEADERS_NAMES', 3, 'Names of headers.', state => state.responseHeaderNames),
  scalar('RESPONSE_BODY', 4, 'Body of an inspected type.', state =>
    state.responseBody === '' ? undefined : state.responseBody,
  ),
  scalar('OUTBOUND_DATA_ERROR', 4, '1 when the body was over its limit.', state => flag(state.responseBodyTruncated)),
]
