// docs/generated/limits.md from pipeline/limits.ts.

import { routeLimits } from '../../src/config/schema.ts'
import { formatSize } from '../../src/lib/units.ts'
import { type LimitName, type LimitUnit, limitDefinitions } from '../../src/pipeline/limits.ts'
import { notice, table } from './markdown.ts'

const keys: Partial<Record<LimitName, string>> = { bodyInspected: 'body.inspected', bodyMax: 'body.max' }

export function limitsPage(): string {
  const names = Object.keys(limitDefinitions) as LimitName[]
  const rows = names.map(name => {
    const { unit, default: value, summary } = limitDefinitions[name]
    const perRoute = routeLimits.has(name) || name in keys
    return [`\`${keys[name] ?? `limits.${name}`}\``, formatValue(value, unit), perRoute ? 'yes' : '', summary]
  })
  return `${notice}
# Limits

Everything that a client can make large or slow has a bound. Each is a key of \`merlon.yaml\`; those marked may also be
set on a route.

${table(['key', 'default', 'per route', 'bounds'], rows)}
`
}

function formatValue(value: number, unit: LimitUnit): string {
  switch (unit) {
    case 'bytes':
      return formatSize(value)
    case 'bytesPerSecond':
      return `${formatSize(value)}/s`
    case 'ms':
      return value % 1000 === 0 ? `${value / 1000} s` : `${value} ms`
    case 'count':
      return value.toLocaleString('en-US')
  }
}
