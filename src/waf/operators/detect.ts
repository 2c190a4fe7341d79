// detectSQLi, detectXSS and the like: the native detectors as operators. TX.0 is the fragment that gave the value away.

import type { ByteString } from '../../lib/bytes.ts'
import { detectGraphql } from '../detectors/graphql.ts'
import { detectPath as findPath } from '../detectors/path.ts'
import { detectShell as findShell } from '../detectors/shell.ts'
import { detectSql } from '../detectors/sql.ts'
import { detectSsrf as findSsrf } from '../detectors/ssrf.ts'
import type { Detection } from '../detectors/types.ts'
import { detectXss } from '../detectors/xss.ts'
import { capture, check, ok } from './argument.ts'
import type { OperatorCall, OperatorDefinition } from './types.ts'

export const detectSQLi = check(
  'detectSQLi',
  'The value would change the structure of an SQL statement.',
  (value, call) => report(detectSql(value), value, call),
)

export const detectXSS = check('detectXSS', 'The value would run script in an HTML page.', (value, call) =>
  report(detectXss(value), value, call),
)

export const detectGraphQL = check(
  'detectGraphQL',
  "Merlon's own: a GraphQL document that nests, repeats or spreads without end, or asks for the schema.",
  (value, call) => report(detectGraphql(value), value, call),
)

export const detectPath: OperatorDefinition = {
  name: 'detectPath',
  summary:
    "Merlon's own: the value climbs out of its folder or names a file of the server. `url`: it is a request path.",
  compile({ text }) {
    const place = text.trim()
    if (place !== '' && place !== 'url') return { ok: false, message: 'expected nothing, or url' }
    return ok({ test: (value, call) => report(findPath(value, place === 'url' ? 'url' : 'value'), value, call) })
  },
}

export const detectShell = check(
  'detectShell',
  "Merlon's own: the value would run a command in a command line, hidden by quotes, variables or patterns.",
  (value, call) => report(findShell(value), value, call),
)

export const detectSsrf: OperatorDefinition = {
  name: 'detectSsrf',
  summary: "Merlon's own: a URL to a metadata service or a disguised address; `private`: to any private address.",
  compile({ text }) {
    const scope = text.trim()
    if (scope !== '' && scope !== 'private') return { ok: false, message: 'expected nothing, or private' }
    const kind = scope === 'private' ? 'private' : 'hidden'
    return ok({ test: (value, call) => report(findSsrf(value, kind), value, call) })
  },
}

function report(detection: Detection | undefined, value: ByteString, call: OperatorCall): boolean {
  if (!detection) return false
  capture(call, value, detection.start, detection.end)
  return true
}
