// The detectors on the requests of the Core Rule Set's own tests of rules 942100, 942101, 941100 and 941101, when they
// are at hand: for each test that expects the rule, one value of the request is found; where it must not match, none.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { utf8ToBytes } from '../../lib/bytes.ts'
import { parseUrlEncoded } from '../bodies/urlencoded.ts'
import { parseXml } from '../bodies/xml.ts'
import { transformations } from '../transforms/index.ts'
import { readArchive, sharedFolder } from '../transforms/language-vectors.test-helper.ts'
import { detectSql } from './sql.ts'
import { detectXss } from './xss.ts'

interface Stage {
  input: { uri: string; data?: string; headers?: Record<string, string> }
  output: { log?: { expect_ids?: number[]; no_expect_ids?: number[] }; log_contains?: string; no_log_contains?: string }
}

interface Suite {
  rule_id: number
  tests: { test_id: number; stages: (Stage & { stage?: Stage })[] }[]
}

const bodyLimits = { xmlDepth: 20, xmlNodes: 100, jsonDepth: 20, jsonKeys: 100, multipartParts: 10 }
const sqlChain = ['utf8tounicode', 'urldecodeuni', 'removenulls']
const xssChain = ['utf8tounicode', 'urldecodeuni', 'htmlentitydecode', 'jsdecode', 'cssdecode', 'removenulls']

for (const version of ['3.3.4', '4.28.0']) {
  const archive = readArchive(join(sharedFolder, `crs/tests-${version}.tar.gz`))
  describe(`CRS ${version}`, { skip: archive ? false : 'SKIPPED: no ../shared/crs (set MERLON_SHARED)' }, () => {
    for (const rule of [942100, 942101, 941100, 941101]) {
      const path = [...(archive?.keys() ?? [])].find(name => name.endsWith(`/${rule}.yaml`))
      if (!path) continue
      const suite = parse(archive?.get(path)?.toString('utf8') ?? '') as Suite
      for (const { test_id: id, stages } of suite.tests) {
        test(`${rule}-${id}`, () => {
          for (const stage of stages) check(rule, stage.stage ?? stage)
        })
      }
    }
  })
}

function check(rule: number, { input, output }: Stage): void {
  const detect = rule < 942000 ? detectXss : detectSql
  const chain = rule < 942000 ? xssChain : sqlChain
  const found = valuesOf(rule, input).filter(raw => {
    let value = raw
    for (const name of chain) value = transformations.get(name)?.apply(value) ?? value
    return detect(value) !== undefined
  })
  const wanted = output.log?.expect_ids?.includes(rule) || output.log_contains?.includes(String(rule))
  assert.equal(found.length > 0, wanted === true, JSON.stringify(input))
}

/** The variables of the rule: the path for …101 of SQL, the Referer for …101 of XSS, arguments and User-Agent else. */
function valuesOf(rule: number, input: Stage['input']): string[] {
  const question = input.uri.indexOf('?')
  const path = question < 0 ? input.uri : input.uri.slice(0, question)
  const headers = new Map(
    Object.entries(input.headers ?? {}).map(([name, value]) => [name.toLowerCase(), utf8ToBytes(value)]),
  )
  const decoded = transformations.get('urldecodeuni')?.apply(path) ?? path
  if (rule === 942101) return [decoded, decoded.slice(decoded.lastIndexOf('/') + 1)]
  if (rule === 941101) return [headers.get('referer') ?? '', decoded]
  const data = utf8ToBytes(input.data ?? '')
  const query = question < 0 ? '' : utf8ToBytes(input.uri.slice(question + 1))
  const values = [...parseUrlEncoded(query, '&', 100).arguments, headers.get('user-agent') ?? '']
  if (!data.startsWith('<?xml')) return [...values, ...parseUrlEncoded(data, '&', 100).arguments]
  const xml = parseXml(data, bodyLimits)
  return [...values, ...xml.text, ...xml.attributes]
}
