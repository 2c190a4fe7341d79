// Lists that change what becomes of a test: our skip lists, one for each rule-set version, and the override lists of
// other engines, which replace what a test expects. Each entry has its reason.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import type { Problem } from '../lib/problem.ts'
import { parseOutput } from './parse.ts'
import type { FtwOutput, FtwTest } from './types.ts'

export interface Override {
  readonly reason: string
  /** Undefined: the list says that the engine fails here and nothing of what to expect instead. */
  readonly output: FtwOutput | undefined
  /** Positions of the stages that it is for; empty for all. */
  readonly stages: readonly number[]
}

/** By test id, as `942100-3`. */
export type Overrides = ReadonlyMap<string, Override>

/** Reason by test id. */
export type Skips = ReadonlyMap<string, string>

/** The skip list for a version, in the folder beside this file; none is an empty list. */
export function readSkips(version: string | undefined, where: 'engine' | 'live'): Skips {
  const skips = new Map<string, string>()
  if (version === undefined || !/^[\w.-]+$/.test(version)) return skips
  const file = fileURLToPath(new URL(`./skips/${version}.yaml`, import.meta.url))
  if (!existsSync(file)) return skips
  const { root } = readList(file, readFileSync(file, 'utf8'), [])
  const entries = [...entriesOf(root, 'always'), ...(where === 'live' ? entriesOf(root, 'live') : [])]
  for (const entry of entries) {
    const tests = entry.get('tests', true)
    if (!isSeq(tests)) continue
    for (const test of tests.items) skips.set(textOf(test), textOf(entry.get('reason', true)).trim())
  }
  return skips
}

export function parseOverrides(file: string, text: string): { overrides: Overrides; problems: readonly Problem[] } {
  const problems: Problem[] = []
  const overrides = new Map<string, Override>()
  const { root, lines } = readList(file, text, problems)
  const report = (node: Node | null | undefined, message: string) => {
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0)
    problems.push({ code: 'ftw.override', severity: 'error', file, line, column: col, message })
  }
  if (problems.length === 0 && !isSeq(root?.get('test_overrides', true))) {
    report(root, 'an override list has test_overrides')
  }
  for (const entry of entriesOf(root, 'test_overrides')) {
    const rule = Number(textOf(entry.get('rule_id', true)))
    const tests = entry.get('test_ids', true)
    if (!Number.isSafeInteger(rule) || rule <= 0 || !isSeq(tests)) {
      report(entry, 'an override has rule_id and a list of test_ids')
      continue
    }
    const output = entry.get('output', true)
    const stages = entry.get('stage_ids', true)
    const override: Override = {
      reason: textOf(entry.get('reason', true)).trim(),
      output: isMap(output) ? parseOutput(file, output, report) : undefined,
      stages: isSeq(stages) ? stages.items.map(stage => Number(textOf(stage))) : [],
    }
    for (const test of tests.items) overrides.set(`${rule}-${textOf(test)}`, override)
  }
  return { overrides, problems }
}

/** The test with what it expects replaced. */
export function applyOverride(test: FtwTest, override: Override): FtwTest {
  const { output, stages } = override
  if (output === undefined) return test
  return {
    ...test,
    stages: test.stages.map((stage, i) => (stages.length === 0 || stages.includes(i) ? { ...stage, output } : stage)),
  }
}

function readList(file: string, text: string, problems: Problem[]): { root: YAMLMap | undefined; lines: LineCounter } {
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false, lineCounter: lines })
  for (const error of document.errors) {
    const at = lines.linePos(error.pos[0])
    problems.push({ code: 'ftw.yaml', severity: 'error', file, line: at.line, column: at.col, message: error.message })
  }
  return { root: isMap(document.contents) ? document.contents : undefined, lines }
}

function entriesOf(root: YAMLMap | undefined, key: string): YAMLMap[] {
  const list = root?.get(key, true)
  return isSeq(list) ? list.items.filter(item => isMap(item)) : []
}

function textOf(node: unknown): string {
  return isScalar(node) && typeof node.value === 'string' ? node.value : ''
}
