// docs/generated/request-path.md: which guard acts in which phase, in the order of guards/chain.ts. Each guard is made
// with its default options, and its methods are its phases.

import { tmpdir } from 'node:os'
import { chain } from '../../src/guards/chain.ts'
import type { Guard, GuardDefinition } from '../../src/pipeline/guard.ts'
import { defaultLimits } from '../../src/pipeline/limits.ts'
import { notice, table } from './markdown.ts'

const phases = ['onHeaders', 'onBody', 'onResponseHeaders', 'onResponseBody', 'onDone'] as const

export function requestPathPage(): string {
  const rows = chain.map((definition, i) => {
    const guard = createWithDefaults(definition)
    const marks = phases.map(phase => (guard[phase] === undefined ? '' : '•'))
    return [String(i + 1), `\`${definition.name}\``, ...marks, definition.onError, definition.summary]
  })
  return `${notice}
# Request path

\`listen/\` (framing) → \`client/\` (who, by network) → guards, headers first → body, as far as a guard wants it → guards →
\`upstream/\` → guards on the response → client → done (always) → \`events/\`. The function to read is
\`src/pipeline/serve.ts\`; the order of the guards is \`src/guards/chain.ts\` and is no setting.

${table(['', 'guard', ...phases, 'when it fails', 'does'], rows)}
`
}

function createWithDefaults(definition: GuardDefinition): Guard {
  const allowed = { allowed: true, remaining: 0, resetMs: 0, retryAfterMs: 0 }
  const created = definition.create(definition.options.parse(definition.example ?? {}), {
    now: () => 0,
    counters: { take: () => allowed },
    limits: defaultLimits,
    configDir: tmpdir(),
    stateDir: tmpdir(),
  })
  if (!created.ok) throw new Error(`${definition.name}: ${created.problems.map(problem => problem.message).join(', ')}`)
  return created.guard
}
