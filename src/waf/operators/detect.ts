// detectSQLi, detectXSS and the like: the native detectors as operators. TX.0 is the fragment that gave the value away.

import type { ByteString } from '../../lib/bytes.ts'
import { detectGraphql } from '../detectors/graphql.ts'
import { detectSql } from '../detectors/sql.ts'
import type { Detection } from '../detectors/types.ts'
import { detectXss } from '../detectors/xss.ts'
import { capture, check } from './argument.ts'
import type { OperatorCall } from './types.ts'

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

function report(detection: Detection | undefined, value: ByteString, call: OperatorCall): boolean {
  if (!detection) return false
  capture(call, value, detection.start, detection.end)
  return true
}
