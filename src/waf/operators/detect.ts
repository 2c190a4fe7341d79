// detectSQLi, detectXSS and the like: the native detectors as operators. TX.0 is the fragment that gave the value away.

import type { ByteString } from '../../lib/bytes.ts'
import { detectCode as findCode } from '../detectors/code.ts'
import { detectGraphql } from '../detectors/graphql.ts'
import { detectHeader as findHeader } from '../detectors/header.ts'
import { detectLdap as findLdap } from '../detectors/ldap.ts'
import { detectLookup as findLookup } from '../detectors/lookup.ts'
import { detectNoSql as findNoSql } from '../detectors/nosql.ts'
import { detectObject as findObject } from '../detectors/objects.ts'
import { detectPath as findPath } from '../detectors/path.ts'
import { detectSqlInText, withoutCode } from '../detectors/rich-text.ts'
import { detectShell as findShell } from '../detectors/shell.ts'
import { detectShellInText } from '../detectors/shell-text.ts'
import { detectWindowsCommand } from '../detectors/shell-windows.ts'
import { detectSql } from '../detectors/sql.ts'
import { detectSsrf as findSsrf } from '../detectors/ssrf.ts'
import { detectTemplate as findTemplate } from '../detectors/template.ts'
import type { Detection } from '../detectors/types.ts'
import { detectXml as findXml } from '../detectors/xml.ts'
import { detectXPath as findXPath } from '../detectors/xpath.ts'
import { detectXss } from '../detectors/xss.ts'
import { capture, check, ok } from './argument.ts'
import type { OperatorCall, OperatorDefinition } from './types.ts'

export const detectSQLi = textual(
  'detectSQLi',
  'The value would change the structure of an SQL statement. `text`: prose and blocks of code are no statements.',
  detectSql,
  detectSqlInText,
)

export const detectXSS = textual(
  'detectXSS',
  'The value would run script in an HTML page. `text`: what stands in blocks of code is shown and not run.',
  detectXss,
  value => detectXss(withoutCode(value)),
)

/** A detector that reads rich text in another way. Both give places in the value as it is. */
function textual(
  name: string,
  summary: string,
  plain: (value: ByteString) => Detection | undefined,
  inText: (value: ByteString) => Detection | undefined,
): OperatorDefinition {
  return {
    name,
    summary,
    compile({ text }) {
      const kind = text.trim()
      if (kind !== '' && kind !== 'text') return { ok: false, message: 'expected nothing, or text' }
      const detect = kind === 'text' ? inText : plain
      return ok({ test: (value, call) => report(detect(value), value, call) })
    },
  }
}

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
  "Merlon's own: the value would run a command in a command line, hidden by quotes, variables or patterns, or of Windows.",
  (value, call) => report(findShell(value) ?? detectWindowsCommand(value) ?? detectShellInText(value), value, call),
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

export const detectCode = check(
  'detectCode',
  "Merlon's own: a call of a server-side language that runs, reads or reaches into the interpreter.",
  (value, call) => report(findCode(value), value, call),
)

export const detectHeader = check(
  'detectHeader',
  "Merlon's own: a line break, then a header of a response or a mail, or a command of a mail protocol.",
  (value, call) => report(findHeader(value), value, call),
)

export const detectLdap = check(
  'detectLdap',
  "Merlon's own: the value closes a comparison of an LDAP filter and goes on, or is a filter.",
  (value, call) => report(findLdap(value), value, call),
)

export const detectLookup = check(
  'detectLookup',
  "Merlon's own: an expression that a logging library looks up, evaluated as it would.",
  (value, call) => report(findLookup(value), value, call),
)

export const detectNoSql = check(
  'detectNoSql',
  "Merlon's own: operators of a document database, or JavaScript that leaves a string in its query.",
  (value, call) => report(findNoSql(value), value, call),
)

export const detectObject = check(
  'detectObject',
  "Merlon's own: a serialized object of Java, PHP, .NET, Python, Ruby, YAML, or JSON that names a class.",
  (value, call) => report(findObject(value), value, call),
)

export const detectTemplate = check(
  'detectTemplate',
  "Merlon's own: an expression of a template engine that computes, or reaches for objects of the server.",
  (value, call) => report(findTemplate(value), value, call),
)

export const detectXml = check(
  'detectXml',
  "Merlon's own: XML with entities, a document type of its own, inclusion, or a stylesheet.",
  (value, call) => report(findXml(value), value, call),
)

export const detectXPath = check(
  'detectXPath',
  "Merlon's own: the value leaves a string of an XPath expression, or walks its axes.",
  (value, call) => report(findXPath(value), value, call),
)

function report(detection: Detection | undefined, value: ByteString, call: OperatorCall): boolean {
  if (!detection) return false
  capture(call, value, detection.start, detection.end)
  return true
}
