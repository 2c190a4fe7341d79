// Runs regression tests of rule sets (go-ftw YAML): in the engine by default, over sockets with `live`. One function,
// runFtw; what it yields is in file order, one result a test.

import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from '../lib/problem.ts'
import { type ResolveOptions, resolveRules } from '../rulesets/resolve.ts'
import { createWaf } from '../waf/index.ts'
import { nodeFilePort } from '../waf/node.ts'
import { EngineTarget } from './engine-target.ts'
import { judge } from './judge.ts'
import { applyOverride, type Overrides, parseOverrides, readSkips, type Skips } from './lists.ts'
import { type LiveOptions, LiveTarget } from './live-target.ts'
import { parseTests } from './parse.ts'
import { profileParanoia, testProfile } from './profile.ts'
import { buildRequest } from './request.ts'
import { prepareInput } from './stages.ts'
import type { FtwResult, FtwTest, Observation, Target } from './types.ts'

export interface FtwOptions {
  /** Test files, or folders that are searched for .yaml and .yml. */
  readonly paths: readonly string[]
  readonly rules: ResolveOptions
  /** An override list, as other engines have them. */
  readonly overrides?: string
  readonly live?: LiveOptions
  /** Only tests whose id matches. */
  readonly only?: RegExp
}

export type FtwRun =
  | { readonly ok: true; readonly total: number; readonly ruleSet: string; readonly results: AsyncIterable<FtwResult> }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function runFtw(options: FtwOptions): FtwRun {
  const problems: Problem[] = []
  const tests = loadTests(options, problems)
  const overrides = loadOverrides(options.overrides, problems)
  const resolved = resolveRules({ ...options.rules, paranoia: profileParanoia, settings: testProfile })
  if (!resolved.ok) return { ok: false, problems: [...problems, ...resolved.problems] }
  if (problems.length > 0) return { ok: false, problems }
  const version = resolved.sets.find(set => set.version !== undefined)?.version
  const skips = readSkips(version?.version, options.live ? 'live' : 'engine')
  let target: Target
  if (options.live) target = new LiveTarget(options.live)
  else {
    const created = createWaf({ rules: resolved.sources, ports: { files: nodeFilePort(), now: Date.now } })
    if (!created.ok) return { ok: false, problems: created.problems }
    target = new EngineTarget(created.waf)
  }
  const ruleSet = version ? `${version.name} ${version.version}` : resolved.sets.map(set => set.word).join(', ')
  return { ok: true, total: tests.length, ruleSet, results: runAll(tests, target, overrides, skips) }
}

async function* runAll(
  tests: readonly FtwTest[],
  target: Target,
  overrides: Overrides,
  skips: Skips,
): AsyncGenerator<FtwResult> {
  try {
    for (const test of tests) {
      const override = overrides.get(test.id)
      const reason = skips.get(test.id) ?? (override && override.output === undefined ? override.reason : undefined)
      if (!test.enabled) yield { test, outcome: 'skipped', detail: 'enabled: false' }
      else if (reason !== undefined) yield { test, outcome: 'skipped', detail: reason }
      else yield await runTest(override ? applyOverride(test, override) : test, target)
    }
  } finally {
    await target.close()
  }
}

async function runTest(test: FtwTest, target: Target): Promise<FtwResult> {
  target.reset()
  let last: Observation | undefined
  const cookies = new Map<string, string>()
  for (const [i, stage] of test.stages.entries()) {
    const input = prepareInput(stage.input, last, cookies)
    const attempts = stage.output.retryOnce ? 2 : 1
    let wrong: string | undefined
    for (let attempt = 0; attempt < attempts; attempt++) {
      last = await target.send(buildRequest(input), input)
      wrong = judge(stage.output, last)
      if (wrong === undefined) break
    }
    if (wrong !== undefined) {
      return { test, outcome: 'failed', detail: test.stages.length > 1 ? `stage ${i + 1}: ${wrong}` : wrong }
    }
  }
  return { test, outcome: 'passed', detail: '' }
}

function loadTests(options: FtwOptions, problems: Problem[]): FtwTest[] {
  const tests: FtwTest[] = []
  for (const path of options.paths) {
    const stat = statSync(path, { throwIfNoEntry: false })
    const files = stat?.isDirectory()
      ? globSync('**/*.{yaml,yml}', { cwd: path })
          .sort()
          .map(file => join(path, file))
      : [path]
    for (const file of files) {
      const text = readText(file, problems)
      if (text === undefined || isOverrideList(text)) continue
      const parsed = parseTests(file, text)
      tests.push(...parsed.tests)
      problems.push(...parsed.problems)
    }
  }
  const chosen = options.only ? tests.filter(test => options.only?.test(test.id)) : tests
  if (chosen.length === 0 && problems.length === 0) {
    const message = options.only ? 'no test has such an id' : 'no tests found'
    problems.push({ code: 'ftw.none', severity: 'error', file: options.paths.join(', '), line: 0, column: 0, message })
  }
  return chosen
}

/** CRS keeps them in the folder of its tests. */
function isOverrideList(text: string): boolean {
  return /^test_overrides:/m.test(text)
}

function loadOverrides(file: string | undefined, problems: Problem[]): Overrides {
  const text = file === undefined ? undefined : readText(file, problems)
  if (file === undefined || text === undefined) return new Map()
  const parsed = parseOverrides(file, text)
  problems.push(...parsed.problems)
  return parsed.overrides
}

function readText(file: string, problems: Problem[]): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const message = `can't be read: ${error instanceof Error ? error.message : String(error)}`
    problems.push({ code: 'ftw.unreadable', severity: 'error', file, line: 0, column: 0, message })
    return undefined
  }
}
