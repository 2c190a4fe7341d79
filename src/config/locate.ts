// Gives problems that only know a path in the config (`listen[0].http`) their line and column in the file.

import type { Problem } from '../lib/problem.ts'
import { formatPath } from './problems.ts'
import { parseSource } from './source.ts'

export function locateProblems(file: string, text: string, problems: readonly Problem[]): readonly Problem[] {
  if (problems.every(problem => problem.line > 0 || !problem.path)) return problems
  const source = parseSource(file, text)
  return problems.map(problem => {
    if (problem.line > 0 || !problem.path || problem.file !== file) return problem
    const path = parsePath(problem.path)
    return { ...problem, ...source.locateValue(path), path: formatPath(path) }
  })
}

/** `listen[0].http` and `listen.0.http` are the same. */
function parsePath(path: string): (string | number)[] {
  return [...path.matchAll(/[^.[\]]+/g)].map(([step]) => (/^\d+$/.test(step) ? Number(step) : step))
}
