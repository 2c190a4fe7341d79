// docs/generated/errors.md from lib/errors.ts.

import { gatewayErrors } from '../../src/lib/errors.ts'
import { notice, table } from './markdown.ts'

export function errorsPage(): string {
  const rows = Object.entries(gatewayErrors).map(([code, { status, title, summary }]) => [
    `\`${code}\``,
    String(status),
    title,
    summary,
  ])
  return `${notice}
# Errors

What the gateway answers when it can't do its work. The client sees status, title and a reference (RFC 9457); the code
is in the log and in metrics. What a guard refuses is no error: that is an event with a reason code.

${table(['code', 'status', 'title', 'means'], rows)}
`
}
