// Metrics as flat series: `name{label="value"}` → number. Each worker counts for itself and hands a snapshot to the
// main thread, which adds them up (prometheus.ts writes them out). docs/generated/metrics.md is made from the table.

import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { StepStats } from '../pipeline/route.ts'
import { actionOf } from './event.ts'

interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
}

export const metricDefinitions = {
  merlon_build_info: { type: 'gauge', help: 'Always 1; its labels tell the version.' },
  merlon_workers: { type: 'gauge', help: 'Data-plane threads that are serving.' },
  merlon_worker_restarts_total: { type: 'counter', help: 'Data-plane threads that died and were replaced.' },
  merlon_config_reloads_total: { type: 'counter', help: 'Reloads of the configuration, by result.' },
  merlon_config_last_reload_timestamp_seconds: { type: 'gauge', help: 'When the running configuration was taken.' },
  merlon_requests_total: { type: 'counter', help: 'Requests by route, class of status and what became of them.' },
  merlon_request_duration_seconds: {
    type: 'histogram',
    help: 'From the head of the request to the end of its response.',
  },
  merlon_guard_calls_total: { type: 'counter', help: 'Calls of a guard.' },
  merlon_guard_seconds_total: { type: 'counter', help: 'Time spent in a guard.' },
  merlon_guard_denied_total: { type: 'counter', help: 'Requests that a guard refused.' },
  merlon_guard_would_deny_total: { type: 'counter', help: 'Requests that a guard in monitor mode would have refused.' },
  merlon_guard_errors_total: { type: 'counter', help: 'Failures of a guard itself.' },
  merlon_rule_matches_total: { type: 'counter', help: 'Refused and would-be refused requests by rule that matched.' },
  merlon_incidents_total: { type: 'counter', help: 'Events that somebody has to be told of, by code.' },
  merlon_limited_total: {
    type: 'counter',
    help: 'Requests, messages and connections refused or cut by a limit, by its name.',
  },
  merlon_uninspected_bytes_total: { type: 'counter', help: 'Body bytes that passed without being inspected.' },
  merlon_connections: { type: 'gauge', help: 'Open client connections.' },
  merlon_connections_refused_total: { type: 'counter', help: 'Connections over a limit.' },
  merlon_accept_queue_overflows_total: {
    type: 'counter',
    help: 'Connections that the kernel dropped because a queue to be accepted was full; of this and other programs. Linux.',
  },
  merlon_unreadable_requests_total: { type: 'counter', help: 'What could not be read as HTTP, or came too slowly.' },
  merlon_tls_handshakes_total: { type: 'counter', help: 'TLS handshakes with clients.' },
  merlon_tls_handshake_failures_total: { type: 'counter', help: 'Connections to https listeners without a handshake.' },
  merlon_http2_cut_total: {
    type: 'counter',
    help: 'HTTP/2 connections ended for frames that cost work and bring nothing, by the limit that was passed.',
  },
  merlon_certificate_orders_total: { type: 'counter', help: 'Orders of certificates from an authority, by result.' },
  merlon_certificate_expiry_seconds: {
    type: 'gauge',
    help: 'Time left to a certificate, by listener and first name; negative when it is over.',
  },
  merlon_upstream_server_healthy: { type: 'gauge', help: 'Workers that hold the server to be healthy.' },
  merlon_upstream_server_active: { type: 'gauge', help: 'Requests under way to the server.' },
  merlon_upstream_ejections_total: { type: 'counter', help: 'Servers taken out for failing.' },
  merlon_upstream_retries_total: { type: 'counter', help: 'Requests that were sent once more.' },
  merlon_upstream_retries_refused_total: { type: 'counter', help: 'Retries that were over the budget.' },
  merlon_upstream_circuit_opened_total: { type: 'counter', help: 'How often an upstream was given up for a while.' },
  merlon_counter_evictions_total: { type: 'counter', help: 'Rate-limit buckets given up for want of room.' },
  merlon_events_total: { type: 'counter', help: 'Security events stored.' },
  merlon_events_dropped_total: { type: 'counter', help: 'Security events dropped because the queue was full.' },
  merlon_log_lines_dropped_total: {
    type: 'counter',
    help: 'Lines of event and audit logs dropped because the main thread or the disk did not keep up.',
  },
} as const satisfies Record<`merlon_${string}`, MetricDefinition>

export type MetricName = keyof typeof metricDefinitions

/** Full name of a series → value. Plain enough to be posted between threads. */
export type MetricsSnapshot = Map<string, number>

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** More rules than CRS has; what is over them is counted under `other`. */
const rulesMax = 1000

interface RouteCounts {
  /** By status class and action. */
  readonly requests: Map<string, number>
  readonly buckets: Float64Array
  seconds: number
}

/** What one worker counts. Guards' counts stay where the runner keeps them; a reload goes on with the same ones. */
export class WorkerMetrics {
  readonly #routes = new Map<string, RouteCounts>()
  readonly #steps = new Map<string, { route: string; guard: string; stats: StepStats }>()
  readonly #rules = new Map<string, number>()
  readonly #incidents = new Map<string, number>()
  readonly #limited = new Map<string, number>()
  #uninspectedBytes = 0

  stepStats(route: string, guard: string): StepStats {
    const key = labels({ route, guard })
    let step = this.#steps.get(key)
    if (!step) {
      step = { route, guard, stats: { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 } }
      this.#steps.set(key, step)
    }
    return step.stats
  }

  record(ex: Exchange): void {
    const route = this.#route(ex.route.name)
    const action = actionOf(ex)
    const key = labels({ route: ex.route.name, status: statusClass(ex.status), action })
    route.requests.set(key, (route.requests.get(key) ?? 0) + 1)
    const seconds = (performance.now() - ex.startedMs) / 1000
    route.seconds += seconds
    let bucket = 0
    while (bucket < durationBuckets.length && seconds > (durationBuckets[bucket] ?? 0)) bucket++
    route.buckets[bucket] = (route.buckets[bucket] ?? 0) + 1
    this.#uninspectedBytes += ex.uninspectedBytes
    const limit = limitOf(ex)
    if (limit !== undefined) this.limited(limit)
    for (const { guard, verdict } of ex.findings) {
      const { code, isIncident } = verdict.reason
      if (isIncident) this.#incidents.set(code, (this.#incidents.get(code) ?? 0) + 1)
      const rules = new Set(verdict.reason.evidence?.map(({ rule }) => rule))
      for (const rule of rules) this.#countRule(guard, rule)
    }
  }

  /** @param limit One of a few: the name of a limit. */
  limited(limit: string): void {
    this.#limited.set(limit, (this.#limited.get(limit) ?? 0) + 1)
  }

  snapshot(): MetricsSnapshot {
    const series: MetricsSnapshot = new Map()
    for (const [name, { requests, buckets, seconds }] of this.#routes) {
      for (const [key, value] of requests) addSeries(series, 'merlon_requests_total', key, value)
      addHistogram(series, { route: name }, buckets, seconds)
    }
    for (const [key, { stats }] of this.#steps) {
      if (stats.calls === 0) continue // thousands of routes without traffic are not worth posting
      addSeries(series, 'merlon_guard_calls_total', key, stats.calls)
      addSeries(series, 'merlon_guard_seconds_total', key, stats.busyMs / 1000)
      addSeries(series, 'merlon_guard_denied_total', key, stats.denied)
      addSeries(series, 'merlon_guard_would_deny_total', key, stats.wouldDeny)
      addSeries(series, 'merlon_guard_errors_total', key, stats.errors)
    }
    for (const [key, value] of this.#rules) addSeries(series, 'merlon_rule_matches_total', key, value)
    for (const [code, value] of this.#incidents) addSeries(series, 'merlon_incidents_total', labels({ code }), value)
    for (const [limit, value] of this.#limited) addSeries(series, 'merlon_limited_total', labels({ limit }), value)
    addSeries(series, 'merlon_uninspected_bytes_total', '', this.#uninspectedBytes)
    return series
  }

  #route(name: string): RouteCounts {
    let route = this.#routes.get(name)
    if (!route) {
      route = { requests: new Map(), buckets: new Float64Array(durationBuckets.length + 1), seconds: 0 }
      this.#routes.set(name, route)
    }
    return route
  }

  #countRule(guard: string, rule: string): void {
    let key = labels({ guard, rule })
    if (!this.#rules.has(key) && this.#rules.size >= rulesMax) key = labels({ guard, rule: 'other' })
    this.#rules.set(key, (this.#rules.get(key) ?? 0) + 1)
  }
}

/** The limit that ended the exchange, if one did. */
function limitOf({ verdict, failure }: Exchange): string | undefined {
  return verdict ? verdict.reason.limit : failure instanceof GatewayError ? failure.limit : undefined
}

/** Adds one worker's snapshot to a sum. */
export function addSnapshot(sum: MetricsSnapshot, snapshot: MetricsSnapshot): void {
  for (const [series, value] of snapshot) sum.set(series, (sum.get(series) ?? 0) + value)
}

/** What a worker that has died leaves behind: its counts go on, its gauges end with it. */
export function countersOnly(snapshot: MetricsSnapshot): MetricsSnapshot {
  return new Map([...snapshot].filter(([series]) => typeOf(series) !== 'gauge'))
}

export function addSeries(series: MetricsSnapshot, name: MetricName, labelText: string, value: number): void {
  const key = labelText === '' ? name : `${name}{${labelText}}`
  series.set(key, (series.get(key) ?? 0) + value)
}

/** `route="a",status="2xx"`, escaped as the text format wants. */
export function labels(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`))}"`)
    .join(',')
}

function typeOf(series: string): MetricDefinition['type'] | undefined {
  return metricDefinitions[familyOf(series) as MetricName]?.type
}

/** The name under which a series is described: a histogram's series have three. */
export function familyOf(series: string): string {
  const brace = series.indexOf('{')
  const name = brace < 0 ? series : series.slice(0, brace)
  return Object.hasOwn(metricDefinitions, name) ? name : name.replace(/_(?:bucket|sum|count)$/, '')
}

function addHistogram(
  series: MetricsSnapshot,
  own: Readonly<Record<string, string>>,
  buckets: Float64Array,
  seconds: number,
): void {
  const name = 'merlon_request_duration_seconds'
  let below = 0
  for (let i = 0; i < buckets.length; i++) {
    below += buckets[i] ?? 0
    const le = i < durationBuckets.length ? String(durationBuckets[i]) : '+Inf'
    series.set(`${name}_bucket{${labels({ ...own, le })}}`, below)
  }
  series.set(`${name}_sum{${labels(own)}}`, seconds)
  series.set(`${name}_count{${labels(own)}}`, below)
}

function statusClass(status: number): string {
  return status === 0 ? 'none' : `${Math.trunc(status / 100)}xx`
}
