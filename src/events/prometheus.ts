// Writes series in the Prometheus text format (version 0.0.4), each family under its HELP and TYPE.

import { familyOf, type MetricName, type MetricsSnapshot, metricDefinitions } from './metrics.ts'

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

export function formatPrometheus(series: MetricsSnapshot): string {
  const families = new Map<string, string[]>()
  for (const [name, value] of series) {
    const family = familyOf(name)
    const lines = families.get(family)
    if (lines) lines.push(`${name} ${value}`)
    else families.set(family, [`${name} ${value}`])
  }
  let text = ''
  for (const [family, { type, help }] of Object.entries(metricDefinitions)) {
    const lines = families.get(family as MetricName)
    if (lines) text += `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n${lines.join('\n')}\n`
  }
  return text
}
