// docs/generated/seclang.md: every documented name of the rule language and what the engine does when it loads it. Each
// is tried on the engine in a tiny rule set, so that the page says what is, not what is meant.

import { createWaf, type FilePort } from '../../src/waf/index.ts'
import { operators } from '../../src/waf/operators/index.ts'
import { transformations } from '../../src/waf/transforms/index.ts'
import { variables } from '../../src/waf/variables/table.ts'
import { notice, table } from './markdown.ts'
import * as names from './seclang-names.ts'

export interface Tried {
  readonly name: string
  /** What the load says: `warning` that it has no effect, `left out` that the rule that has it is not loaded. */
  readonly state: 'supported' | 'warning' | 'left out' | 'load error'
  /** The problem that the loader reports. */
  readonly code: string | undefined
  readonly reason: string
}

interface Kind {
  readonly title: string
  readonly documented: names.Documented
  /** A rule set that has the name and as little else as can be. */
  readonly rules: (name: string, example: string) => string
  /** All that the engine knows, where it says so: what neither manual has is listed apart. */
  readonly known?: ReadonlyMap<string, { readonly name: string; readonly summary?: string }>
}

const extra: Readonly<Record<string, (example: string) => string>> = {
  chain: () => 'id:1,phase:2,pass,chain"\nSecRule ARGS "@rx b" "t:none',
  id: () => 'id:1,phase:2,pass',
  phase: () => 'id:1,phase:2,pass',
  skipAfter: example => `id:1,phase:2,pass,skipAfter:${example}"\nSecMarker "${example}`,
}

export const kinds: readonly Kind[] = [
  {
    title: 'Directives',
    documented: names.directives,
    rules: (name, example) => `${name} ${example}\n`,
  },
  {
    title: 'Variables',
    documented: names.variables,
    rules: (name, selector) =>
      `SecRule ${name}${selector === '' ? '' : `:${selector}`} "@rx a" "id:1,phase:2,pass,t:none"\n`,
    known: variables,
  },
  {
    title: 'Operators',
    documented: names.operators,
    rules: (name, argument) => `SecRule ARGS "${`@${name} ${argument}`.trimEnd()}" "id:1,phase:2,pass,t:none"\n`,
    known: operators,
  },
  {
    title: 'Transformations',
    documented: names.transformations,
    rules: name => `SecRule ARGS "@rx a" "id:1,phase:2,pass,t:${name}"\n`,
    known: transformations,
  },
  {
    title: 'Actions',
    documented: names.actions,
    rules(name, example) {
      const own = `${name}${example === '' ? '' : `:'${example}'`}`
      const actions = extra[name]?.(example) ?? `id:1,phase:2,${own}`
      return `SecRule ARGS "@rx a" "${actions}"\n`
    },
  },
  {
    title: 'Controls (ctl)',
    documented: names.controls,
    rules: (name, example) =>
      `SecAction "id:2,phase:1,pass,ctl:${name}=${example}"\nSecAction "id:1,phase:1,pass,tag:text,msg:text"\n`,
  },
]

const texts: Readonly<Record<string, string>> = {
  'other.conf': '',
  'words.txt': 'a\nb\n',
  'addresses.txt': '192.0.2.0/24\n',
}

const files: FilePort = {
  read(path) {
    const text = texts[path]
    if (text === undefined) throw new Error(`no file ${path}`)
    return Buffer.from(text)
  },
  glob: pattern => (pattern in texts ? [pattern] : []),
  resolve: (_fromFile, path) => path,
}

/** Loads the name and says what came of it. */
export function tryName({ rules }: Kind, name: string, example: string): Tried {
  const result = createWaf({
    rules: [{ name: 'seclang', text: rules(name, example) }],
    ports: { files, now: Date.now },
  })
  const [problem] = result.ok ? result.warnings : result.problems
  const state = !result.ok
    ? 'load error'
    : problem === undefined
      ? 'supported'
      : problem.code === 'seclang.unsupported-operator'
        ? 'left out'
        : 'warning'
  return { name, state, code: problem?.code, reason: problem?.message ?? '' }
}

export function seclangPage(): string {
  return `${notice}
# SecLang

The rule language of ModSecurity and Coraza: each name that their manuals document, and what comes of it here. Every
line was made by loading the name, so it says what the engine does.

- **supported**: does what the manuals say.
- **warning**: loads, has no effect, and the load says so.
- **left out**: the rule that has it is not loaded, and the load says so; the other rules are.
- **load error**: the rule set does not load.

Regular expressions take linear time; see docs/decisions/ for what that means for lookaround and backreferences.

${kinds.map(section).join('\n\n')}
`
}

function section(kind: Kind): string {
  const { title, documented, known } = kind
  const rows = Object.entries(documented).map(([name, example]) => {
    const { state, reason } = tryName(kind, name, example)
    return [`\`${name}\``, state, state === 'supported' ? (known?.get(name.toLowerCase())?.summary ?? '') : reason]
  })
  const own = [...(known?.values() ?? [])].filter(({ name }) => !isDocumented(documented, name))
  const beyond = own.map(({ name, summary }) => [`\`${name}\``, 'ours', summary ?? ''])
  return `## ${title}\n\n${table(['name', 'here', ''], [...rows, ...beyond])}`
}

function isDocumented(documented: names.Documented, name: string): boolean {
  return Object.keys(documented).some(each => each.toLowerCase() === name.toLowerCase())
}
