// All operators by their SecLang name in lower case. A new one is a line here and a file beside.

import { geoLookup, ipMatch, ipMatchF, ipMatchFromFile } from './addresses.ts'
import { noMatch, unconditionalMatch } from './always.ts'
import { classify } from './classify.ts'
import {
  detectCode,
  detectGraphQL,
  detectHeader,
  detectLdap,
  detectLookup,
  detectNoSql,
  detectObject,
  detectPath,
  detectShell,
  detectSQLi,
  detectSsrf,
  detectTemplate,
  detectXml,
  detectXPath,
  detectXSS,
} from './detect.ts'
import { eq, ge, gt, le, lt } from './numbers.ts'
import { pm, pmFromFile, pmf } from './phrases.ts'
import { rx, rxGlobal } from './regex.ts'
import { beginsWith, contains, containsWord, endsWith, streq, strmatch, within } from './strings.ts'
import type { OperatorDefinition } from './types.ts'
import { unsupported } from './unsupported.ts'
import { validateByteRange, validateUrlEncoding, validateUtf8Encoding } from './validate.ts'
import { verifyCC, verifyCPF, verifySSN, verifySVNR } from './verify.ts'

const all: readonly OperatorDefinition[] = [
  ...[
    beginsWith,
    classify,
    contains,
    containsWord,
    detectCode,
    detectGraphQL,
    detectHeader,
    detectLdap,
    detectLookup,
    detectNoSql,
    detectObject,
    detectPath,
    detectShell,
    detectSsrf,
    detectSQLi,
    detectTemplate,
    detectXml,
    detectXPath,
    detectXSS,
    endsWith,
    eq,
    ge,
    geoLookup,
    gt,
    ipMatch,
    ipMatchF,
  ],
  ...[ipMatchFromFile, le, lt, noMatch, pm, pmf, pmFromFile, rx, rxGlobal, streq, strmatch, unconditionalMatch],
  ...[validateByteRange, validateUrlEncoding, validateUtf8Encoding, verifyCC, verifyCPF, verifySSN, verifySVNR, within],
  ...unsupported,
]

export const operators: ReadonlyMap<string, OperatorDefinition> = new Map(
  all.map(operator => [operator.name.toLowerCase(), operator]),
)
