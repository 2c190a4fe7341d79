// docs/generated/request-path.md: which guard acts in which phase, in the order of guards/chain.ts. Each guard is made
// with its default options, and its methods are its phases.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chain } from '../../src/guards/chain.ts'
import type { Guard, GuardDefinition } from '../../src/pipeline/guard.ts'
import { defaultLimits } from '../../src/pipeline/limits.ts'
import { notice, table } from './markdown.ts'

const phases = ['onHeaders', 'onBody', 'onResponseHeaders', 'onResponseBody', 'onDone'] as const

export function requestPathPage(): string {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-gen-'))
  const rows = chain.map((definition, i) => {
    const guard = createWithDefaults(definition, dir)
    const marks = phases.map(phase => (guard[phase] === undefined ? '' : '•'))
    return [String(i + 1), `\`${definition.name}\``, ...marks, definition.onError, definition.summary]
  })
  rmSync(dir, { recursive: true })
  return `${notice}
# Request path

\`listen/\` (framing) → \`client/\` (who, by network) → guards, headers first → body, as far as a guard wants it → guards →
\`upstream/\` → guards on the response → client → done (always) → \`events/\`. The function to read is
\`src/pipeline/serve.ts\`; the order of the guards is \`src/guards/chain.ts\` and is no setting.

${table(['', 'guard', ...phases, 'when it fails', 'does'], rows)}
`
}

/** A policy that looks at all that there is, so that the guard of policies shows every phase it may have. */
const policy = 'permit(principal, action, resource) when { resource.body == {} };'

function createWithDefaults(definition: GuardDefinition, dir: string): Guard {
  mkdirSync(join(dir, 'policies'), { recursive: true })
  writeFileSync(join(dir, 'policies/all.cedar'), policy)
  const route = { name: 'all', match: { host: undefined, path: undefined, methods: undefined }, openapi: undefined }
  const allowed = { allowed: true, remaining: 0, resetMs: 0, retryAfterMs: 0 }
  const created = definition.create(definition.options.parse(definition.example ?? {}), {
    now: () => 0,
    counters: { take: () => allowed },
    limits: defaultLimits,
    configDir: dir,
    stateDir: dir,
    route,
    routes: [route],
  })
  if (!created.ok) throw new Error(`${definition.name}: ${created.problems.map(problem => problem.message).join(', ')}`)
  return created.guard
}
