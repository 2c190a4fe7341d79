// A Problem is what an operator wrote wrong, in any of the languages we read: merlon.yaml, SecLang, OpenAPI, policies.
// Problems are values and come in lists: a reader reports all that it finds, never only the first.

export interface Problem {
  /** Stable, dotted: `config.unknown-key`, `seclang.unknown-operator`. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** 1-based. 0 when the whole file is meant. */
  readonly line: number
  readonly column: number
  /** Where in the document, for structured formats: `guards.rate.limit`. */
  readonly path?: string
  readonly message: string
  /** What to do about it: the nearest known name, an example. */
  readonly hint?: string
}

/** `file:line:col path: message (hint)`, the form that editors and terminals turn into a link. */
export function formatProblem(problem: Problem): string {
  const at = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file
  const path = problem.path ? ` ${problem.path}` : ''
  const hint = problem.hint ? ` (${problem.hint})` : ''
  const level = problem.severity === 'warning' ? ' warning' : ''
  return `${at}${path}:${level} ${problem.message}${hint}`
}

/** The known name nearest to a mistyped one, if it is near enough to be meant. Bounded: names over 64 are not compared. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > 64) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    if (candidate.length > 64) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 1] ? 0 : 1
      current[j] = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + swap)
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
