import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testExchange } from '../pipeline/testing.ts'
import { addSnapshot, countersOnly, labels, type MetricsSnapshot, WorkerMetrics } from './metrics.ts'
import { formatPrometheus } from './prometheus.ts'

function denied(rule: string) {
  const ex = testExchange()
  const evidence = [{ rule, message: '', where: 'ARGS:q', match: 'x', points: 5 }]
  ex.verdict = { kind: 'deny', status: 403, reason: { code: 'waf.rule', detail: '', evidence } }
  ex.findings.push({ guard: 'waf', phase: 'onBody', mode: 'protect', verdict: ex.verdict })
  ex.status = 403
  ex.uninspectedBytes = 7
  return ex
}

test('a worker counts, and the sum of workers is written out', () => {
  const sum: MetricsSnapshot = new Map()
  for (let worker = 0; worker < 2; worker++) {
    const metrics = new WorkerMetrics()
    const ok = testExchange()
    ok.status = 200
    metrics.record(ok)
    metrics.record(denied('942100'))
    const stats = metrics.stepStats('test', 'waf')
    stats.calls = 3
    assert.equal(metrics.stepStats('test', 'waf'), stats, 'a reload goes on with the same counts')
    addSnapshot(sum, metrics.snapshot())
  }
  const text = formatPrometheus(sum)
  for (const line of [
    '# TYPE merlon_requests_total counter',
    'merlon_requests_total{route="test",status="2xx",action="allow"} 2',
    'merlon_requests_total{route="test",status="4xx",action="deny"} 2',
    '# TYPE merlon_request_duration_seconds histogram',
    'merlon_request_duration_seconds_bucket{route="test",le="+Inf"} 4',
    'merlon_request_duration_seconds_count{route="test"} 4',
    'merlon_guard_calls_total{route="test",guard="waf"} 6',
    'merlon_rule_matches_total{guard="waf",rule="942100"} 2',
    'merlon_uninspected_bytes_total 14',
  ]) {
    assert.ok(text.includes(`${line}\n`), line)
  }
})

test('rules that attackers could make up without end share one series', () => {
  const metrics = new WorkerMetrics()
  for (let i = 0; i < 1500; i++) metrics.record(denied(`r${i}`))
  const rules = [...metrics.snapshot().keys()].filter(name => name.startsWith('merlon_rule_matches_total'))
  assert.equal(rules.length, 1001)
  assert.equal(metrics.snapshot().get('merlon_rule_matches_total{guard="waf",rule="other"}'), 500)
})

test('label values are escaped; gauges end with their worker', () => {
  assert.equal(labels({ a: 'x"y\\z\nw' }), 'a="x\\"y\\\\z\\nw"')
  const snapshot = new Map([
    ['merlon_connections', 3],
    ['merlon_request_duration_seconds_sum{route="a"}', 1],
    ['merlon_requests_total{route="a"}', 2],
  ])
  assert.deepEqual(
    [...countersOnly(snapshot).keys()],
    ['merlon_request_duration_seconds_sum{route="a"}', 'merlon_requests_total{route="a"}'],
  )
})
