// Turns the words of `--rules` and of `guards.waf.rules` into what createWaf loads. Order: our base settings, the set-up
// files of every set, the caller's values (so that they win over the files), then the rules.

import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nearest, type Problem } from '../lib/problem.ts'
import type { RuleSource } from '../waf/types.ts'
import { type DebianPaths, debianPaths, locateDebian, locateRules, type RuleFiles } from './locate.ts'
import { type Preset, setupValues } from './setup-values.ts'
import { detectVersion, type RuleSetVersion } from './version.ts'

export interface ResolveOptions {
  /** `builtin`, `crs`, or a path each. */
  readonly rules: readonly string[]
  /** Where `merlon rules install` puts sets. */
  readonly stateDir?: string
  /** What relative paths are relative to; the working directory by default. */
  readonly from?: string
  /** Only given values are set: without them, the sets' own set-up files and defaults hold. */
  readonly paranoia?: number
  readonly threshold?: number
  readonly preset?: Preset
  /** Loaded after all set-up and before all rules: a test profile, a site's own settings. */
  readonly settings?: readonly RuleSource[]
  readonly debian?: DebianPaths
}

export interface RuleSet extends RuleFiles {
  readonly word: string
  /** Where it was found, in words for people. */
  readonly origin: string
  readonly version: RuleSetVersion | undefined
}

export type ResolveResult =
  | { readonly ok: true; readonly sources: readonly RuleSource[]; readonly sets: readonly RuleSet[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** The `rules` folder of this package: beside `src` in a checkout and beside `dist` when published. */
const packageRules = fileURLToPath(new URL('../../rules', import.meta.url))

export function resolveRules(options: ResolveOptions): ResolveResult {
  const problems: Problem[] = []
  const sets: RuleSet[] = []
  for (const word of new Set(options.rules)) {
    const set = resolveWord(word, options)
    if ('code' in set) problems.push(set)
    else sets.push(set)
  }
  if (options.rules.length === 0) problems.push(problem('rules', 'no rule set is named', 'builtin, crs, or a path'))
  if (problems.length > 0) return { ok: false, problems }
  const values = setupValues(options)
  const sources: RuleSource[] = [
    { path: join(packageRules, 'base.conf') },
    ...sets.flatMap(set => set.setup.map(path => ({ path }))),
    ...(values === undefined ? [] : [values]),
    ...(options.settings ?? []),
    ...sets.flatMap(set => set.rules.map(path => ({ path }))),
  ]
  return { ok: true, sources, sets }
}

function resolveWord(word: string, options: ResolveOptions): RuleSet | Problem {
  const debian = options.debian ?? debianPaths
  if (word === 'builtin') {
    const files = locateRules(join(packageRules, 'builtin'), debian)
    if (typeof files === 'string') return problem(word, `the built-in rules are missing: ${files}`, 'reinstall merlon')
    return describe(word, 'built in', files)
  }
  if (word === 'crs') return resolveCrs(options, debian)
  const path = isAbsolute(word) ? word : resolve(options.from ?? '.', word)
  const files = locateRules(path, debian)
  return typeof files === 'string' ? problem(word, files, pathHint(word)) : describe(word, path, files)
}

/** What the operator installed comes before what the system has. */
function resolveCrs(options: ResolveOptions, debian: DebianPaths): RuleSet | Problem {
  const installed = join(options.stateDir ?? '.merlon', 'rules', 'crs')
  if (existsSync(installed)) {
    const files = locateRules(resolve(installed), debian)
    if (typeof files !== 'string') return describe('crs', installed, files)
    return problem('crs', `${installed}: ${files}`, 'merlon rules install crs --from DIR|TAR.GZ|URL')
  }
  const files = locateDebian(debian)
  if (files) return describe('crs', `Debian's modsecurity-crs in ${dirname(files.setup[0] ?? debian.etc)}`, files)
  return problem(
    'crs',
    'the Core Rule Set is not installed',
    'apt install modsecurity-crs, or merlon rules install crs --from DIR|TAR.GZ|URL, or name its folder',
  )
}

function describe(word: string, origin: string, files: RuleFiles): RuleSet {
  return { word, origin, version: detectVersion(files.rules, files.setup), ...files }
}

function pathHint(word: string): string {
  const near = /[./\\]/.test(word) ? undefined : nearest(word, ['builtin', 'crs'])
  return near ? `did you mean ${near}?` : 'builtin, crs, a .conf file, a folder of .conf files, or a CRS folder'
}

function problem(word: string, message: string, hint: string): Problem {
  return { code: 'rules.not-found', severity: 'error', file: word, line: 0, column: 0, message, hint }
}
