// docs/generated/events.md: a sample event with its fields, made by the code that makes events, and the reason codes that
// stand in the source. docs/generated/metrics.md.

import { globSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { eventOf } from '../../src/events/event.ts'
import { metricDefinitions } from '../../src/events/metrics.ts'
import { Exchange } from '../../src/pipeline/exchange.ts'
import { HeaderList } from '../../src/pipeline/headers.ts'
import { testRoute } from '../../src/pipeline/testing.ts'
import type { Verdict } from '../../src/pipeline/verdict.ts'
import { root } from '../checks/run.ts'
import { notice, table } from './markdown.ts'

const actions = [
  ['deny', 'A guard refused the request.'],
  ['would-deny', 'A guard in monitor mode would have refused it; it went on.'],
  ['allow', 'It went on, but somebody has to be told (`event.kind: alert`): a secret in its response was masked.'],
  ['answer', 'A guard answered in place of the upstream (a redirect).'],
  ['fail', 'The gateway or the upstream failed; see errors.md.'],
  ['learn', 'Something was learned from traffic; the detail says what, and what it changes.'],
]

export function eventsPage(): string {
  return `${notice}
# Events

Every request that is refused, would have been, or fails leaves one event; clean requests leave none. \`merlon events\`
reads them from the journal; \`events: { stdout: ecs }\` and \`events: { file }\` write them as lines of JSON with ECS
field names. Values that look secret are masked before they are stored.

${table(['event.action', 'means'], actions)}

## An event

\`\`\`json
${JSON.stringify(sampleEvent(), undefined, 2)}
\`\`\`

## Reason codes

\`merlon.code\` says why. A guard that fails has \`GUARD.failed\`; a failure of the gateway has \`gateway.CODE\`, see errors.md.

${reasonCodes()
  .map(code => `\`${code}\``)
  .join(', ')}
`
}

export function metricsPage(): string {
  const rows = Object.entries(metricDefinitions).map(([name, { type, help }]) => [`\`${name}\``, type, help])
  return `${notice}
# Metrics

\`/metrics\` of the admin listener, in the text format of Prometheus.

${table(['metric', 'type', 'counts'], rows)}
`
}

function sampleEvent(): object {
  const headers = new HeaderList(['Host', 'shop.example.com', 'User-Agent', 'curl/8.5.0'])
  const request = {
    method: 'GET',
    target: "/products?q='%20OR%201=1%20--",
    protocol: 'HTTP/1.1',
    headers,
    localIp: '192.0.2.1',
    localPort: 443,
  }
  const ip = '203.0.113.9'
  const ipBytes = Uint8Array.of(203, 0, 113, 9)
  const client = { ip, ipBytes, key: ip, port: 51_000, peerIp: ip, peerTrusted: false, secure: true }
  const reference = '01J9Z3V8Q0R5T7W2Y4B6C8D0EF'
  const ex = new Exchange(reference, Date.UTC(2026, 0, 31, 12), client, request, 'shop.example.com', testRoute())
  const evidence = [
    {
      rule: '942100',
      message: 'SQL Injection Attack Detected',
      where: 'ARGS:q',
      match: "' OR 1=1 --",
      span: [0, 11] as const,
      points: 5,
    },
  ]
  const reason = { code: 'waf.rule', detail: 'Inbound anomaly score 5', evidence } as const
  const verdict: Verdict = { kind: 'deny', status: 403, reason }
  ex.findings.push({ guard: 'waf', phase: 'onBody', mode: 'protect', verdict })
  ex.verdict = verdict
  ex.status = 403
  ex.inspectUs = 87
  const event = JSON.parse(eventOf(ex)?.json ?? '{}') as { event: { duration: number } }
  event.event.duration = 412_000 // the one field that differs from run to run
  return event
}

/** Texts `guard.case` that stand as `code` in the rooms that make verdicts. */
const codePattern = /^(http|http2|websocket|connection|body|lists|rate|waf)\.[a-z][a-z-]*$/
const configKeys: ReadonlySet<string> = new Set(['body.inspected', 'body.max'])

function reasonCodes(): string[] {
  const codes = new Set<string>()
  const files = globSync(['src/{pipeline,guards,listen,waf,events,upstream}/**/*.ts', 'src/gateway.ts'], {
    cwd: root,
  }).filter(file => !/\.test/.test(file))
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(`${root}${file}`, 'utf8'), ts.ScriptTarget.Latest, true)
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteral(node) && codePattern.test(node.text) && !configKeys.has(node.text)) codes.add(node.text)
      // listen/framing.ts: fault('host', …) is http.host
      if (ts.isCallExpression(node) && node.expression.getText() === 'fault') {
        const [first] = node.arguments
        if (first && ts.isStringLiteral(first)) codes.add(`http.${first.text}`)
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return [...codes].sort()
}
