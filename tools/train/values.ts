// What the classifier sees of a labelled request: its values as the rules see them, by a rule set of one rule that
// matches everything. Never Host or the constant headers of a client: those would tell sources apart, not attacks.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parseRow } from '../../src/inspect/row.ts'
import { readBytes } from '../../src/waf/classifier/features.ts'
import { isSuspicious } from '../../src/waf/classifier/gate.ts'
import { createWaf } from '../../src/waf/index.ts'
import { nodeFilePort } from '../../src/waf/node.ts'

export interface Sample {
  readonly id: string
  readonly source: string
  readonly category: string
  readonly isAttack: boolean
  /** Suspicious values, each cut to what is read of it. */
  readonly values: readonly string[]
}

/** The same variables as in rules/builtin/90-classifier.conf. */
const targets = 'ARGS|REQUEST_COOKIES|XML:/*|LAYERS'

const rule = `SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyLimit 1048576
SecRequestBodyNoFilesLimit 1048576
SecRequestBodyJsonDepthLimit 64
SecRule REQUEST_HEADERS:Content-Type "@rx (?i)json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@rx (?i)xml" "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule ${targets} "@unconditionalMatch" "id:3,phase:2,pass,log,msg:'value'"
`

export function readSamples(paths: readonly string[]): Sample[] {
  const created = createWaf({
    rules: [{ name: 'train.conf', text: rule }],
    ports: { files: nodeFilePort(), now: () => 0 },
  })
  if (!created.ok) throw new Error(created.problems.map(problem => problem.message).join('; '))
  const samples: Sample[] = []
  for (const path of paths) {
    const raw = readFileSync(path)
    const text = (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString('utf8')
    for (const line of text.split('\n')) {
      const row = line === '' ? undefined : parseRow(line)
      if (!row || 'error' in row) continue
      const transaction = created.waf.transaction({ id: row.id, full: true })
      transaction.connection({ ip: '192.0.2.10', port: 40_000 }, { ip: '192.0.2.1', port: 80 })
      transaction.uri(row.method, row.target, 'HTTP/1.1')
      for (let i = 0; i < row.headers.length; i += 2)
        transaction.requestHeader(row.headers[i] ?? '', row.headers[i + 1] ?? '')
      transaction.requestHeaders()
      const body = Buffer.from(row.body)
      if (body.length > 0) transaction.requestBody(body)
      transaction.requestBodyDone()
      const values = new Set<string>()
      for (const match of transaction.matches) {
        for (const target of match.targets)
          if (isSuspicious(target.value)) values.add(target.value.slice(0, readBytes + 1))
      }
      samples.push({
        id: row.id,
        source: row.source,
        category: row.category,
        isAttack: row.label === 'attack',
        values: [...values],
      })
    }
  }
  return samples
}
