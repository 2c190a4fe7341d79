// Measures @detectSQLi and @detectXSS alone on the development corpora: how many attacks of their category each finds,
// and how many benign requests it hits. `node tools/measure-detectors.ts [misses|hits] [sqli|xss]` also lists rows.

import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { utf8ToBytes } from '../src/lib/bytes.ts'
import { parseJson } from '../src/waf/bodies/json.ts'
import { parseMultipart } from '../src/waf/bodies/multipart.ts'
import { parseUrlEncoded } from '../src/waf/bodies/urlencoded.ts'
import { parseXml } from '../src/waf/bodies/xml.ts'
import { detectSql } from '../src/waf/detectors/sql.ts'
import type { Detection } from '../src/waf/detectors/types.ts'
import { detectXss } from '../src/waf/detectors/xss.ts'
import { transformations } from '../src/waf/transforms/index.ts'

interface Row {
  readonly id: string
  readonly source: string
  readonly category: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string
  readonly bodyBase64?: string
}

const limits = { jsonDepth: 64, jsonKeys: 10_000, multipartParts: 200, xmlDepth: 64, xmlNodes: 10_000 }
const shared = process.env['MERLON_SHARED'] ?? join(import.meta.dirname, '../../shared')

const detectors = {
  sqli: { detect: detectSql, chain: ['utf8toUnicode', 'urlDecodeUni', 'removeNulls'] },
  xss: {
    detect: detectXss,
    chain: ['utf8toUnicode', 'urlDecodeUni', 'htmlEntityDecode', 'jsDecode', 'cssDecode', 'removeNulls'],
  },
} as const

const [list, only] = process.argv.slice(2)
const total: Record<string, { rows: number; hits: number }> = {}
const times: Record<string, number> = { sqli: 0, xss: 0 }

for (const file of ['attacks', 'benign', 'benign-richtext']) await measure(file)
for (const [name, { rows, hits }] of Object.entries(total)) {
  console.log(
    `${name.padEnd(24)} ${String(hits).padStart(6)} of ${String(rows).padStart(6)}  ${((100 * hits) / rows).toFixed(2)} %`,
  )
}
for (const [name, ms] of Object.entries(times)) console.log(`${name}: ${ms.toFixed(0)} ms in all`)

async function measure(file: string): Promise<void> {
  const path = join(shared, `corpora/${file}.ndjson.gz`)
  if (!existsSync(path)) throw new Error(`no ${path}: set MERLON_SHARED`)
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    const row = JSON.parse(line) as Row
    const values = valuesOf(row)
    for (const name of ['sqli', 'xss'] as const) {
      if (file === 'attacks' && row.category !== name) continue
      const key = `${name} ${file}`
      total[key] ??= { rows: 0, hits: 0 }
      total[key].rows++
      const hit = find(name, values)
      if (hit) total[key].hits++
      const wanted = list === (file === 'attacks' ? 'misses' : 'hits') && (only === undefined || only === name)
      if (!wanted || (file === 'attacks') === (hit !== undefined)) continue
      const text = hit ? `${hit.reason}: ${JSON.stringify(hit.value.slice(0, 300))} at ${hit.start}-${hit.end}` : ''
      console.log(
        name,
        file,
        row.id,
        row.source,
        text || JSON.stringify([row.path, row.body ?? row.headers]).slice(0, 400),
      )
    }
  }
}

function find(name: 'sqli' | 'xss', values: readonly string[]): (Detection & { value: string }) | undefined {
  const { detect, chain } = detectors[name]
  for (const raw of values) {
    let value = raw
    for (const step of chain) value = transformations.get(step.toLowerCase())?.apply(value) ?? value
    const start = performance.now()
    const detection = detect(value)
    times[name] = (times[name] ?? 0) + performance.now() - start
    if (detection) return { ...detection, value }
  }
  return undefined
}

/** As the variables of rules 942100 and 941100: arguments, their names, cookies, User-Agent and Referer, path. */
function valuesOf(row: Row): string[] {
  const question = row.path.indexOf('?')
  const headers = new Map(
    Object.entries(row.headers).map(([name, value]) => [name.toLowerCase(), utf8ToBytes(String(value))]),
  )
  const path = question < 0 ? row.path : row.path.slice(0, question)
  const query = question < 0 ? '' : row.path.slice(question + 1)
  const body = row.bodyBase64 ? Buffer.from(row.bodyBase64, 'base64').toString('latin1') : utf8ToBytes(row.body ?? '')
  const cookies = (headers.get('cookie') ?? '').split(';').map(cookie => cookie.slice(cookie.indexOf('=') + 1))
  return [
    path.slice(path.lastIndexOf('/') + 1),
    ...parseUrlEncoded(query, '&', 1000).arguments,
    ...bodyValues(body, headers.get('content-type') ?? ''),
    ...cookies,
    headers.get('user-agent') ?? '',
    headers.get('referer') ?? '',
  ]
}

function bodyValues(body: string, contentType: string): string[] {
  const type = contentType.toLowerCase()
  if (type.includes('json')) return parseJson(body, limits).arguments
  if (type.includes('xml')) {
    const parsed = parseXml(body, limits)
    return [...parsed.text, ...parsed.attributes]
  }
  if (type.startsWith('multipart/')) {
    return parseMultipart(body, contentType, limits).parts.flatMap(part =>
      part.filename ? [part.name, part.filename] : [part.name, part.value],
    )
  }
  if (type.includes('form-urlencoded') || type === '') return parseUrlEncoded(body, '&', 1000).arguments
  return []
}
