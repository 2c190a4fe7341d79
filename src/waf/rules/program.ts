// Loads a rule set whole: parses, applies updates, compiles, links. Everything that can be worked out before a request
// comes is worked out here.

import type { ByteString } from '../../lib/bytes.ts'
import type { Problem } from '../../lib/problem.ts'
import type { EngineSettings } from '../seclang/settings.ts'
import { ProblemList } from '../seclang/source.ts'
import { createTransformations } from '../transforms/index.ts'
import type { WafOptions } from '../types.ts'
import { TargetCompiler } from '../variables/compile-target.ts'
import { variableCount } from '../variables/table.ts'
import type { TxNames } from '../variables/tx.ts'
import { type CompileContext, compileRule } from './compile.ts'
import { attachFilters } from './filter/build.ts'
import { PhaseFilter } from './filter/phase.ts'
import { foldConstants } from './fold.ts'
import { linkMarkers, linkSelections, linkSkips } from './link.ts'
import type { ParsedRule } from './parse.ts'
import { type ParsedSet, parseSet } from './parse-set.ts'
import type { Rule } from './rule.ts'
import { TransformTree } from './transform-step.ts'
import { applyUpdates } from './update.ts'

export interface Program {
  readonly rules: readonly Rule[]
  /** By phase, what is left to be run; index 0 is empty. */
  readonly phases: readonly (readonly Rule[])[]
  /** By phase; none when every rule is to be run. */
  readonly filters: readonly PhaseFilter[]
  /** TX as every transaction starts with it, by slot. */
  readonly initialTx: readonly (ByteString | undefined)[]
  readonly settings: EngineSettings
  readonly names: TxNames
  readonly variableCount: number
  readonly listCount: number
  /** Indexes of target lists to be gathered afresh when a phase begins, by phase. */
  readonly staleLists: readonly (readonly number[])[]
}

export type LoadResult =
  | { readonly ok: true; readonly program: Program; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function loadProgram(options: WafOptions): LoadResult {
  const problems = new ProblemList()
  const { program, tree } = buildProgram(options, problems)
  if (problems.hasErrors) return { ok: false, problems: problems.list() }
  const folded = foldConstants(program)
  attachFilters(folded.phases.flat(), tree)
  const filters = folded.phases.map(rules => new PhaseFilter(rules))
  return { ok: true, program: { ...program, ...folded, filters }, warnings: problems.list() }
}

export interface BuiltProgram {
  readonly program: Program
  readonly parsed: ParsedSet
  /** The compiled rule of each parsed rule that is neither removed nor wrong. */
  readonly compiled: ReadonlyMap<ParsedRule, Rule>
  readonly tree: TransformTree
}

/** Builds what can be built even when there are errors, so that all of them are found. */
export function buildProgram(options: WafOptions, problems: ProblemList): BuiltProgram {
  const parsed = parseSet(options, problems)
  const { context, settings } = parsed
  const kept = applyUpdates(parsed.rules, parsed.updates, context)
  const targets = new TargetCompiler(context.names)
  const tree = new TransformTree(createTransformations(settings.unicodeMap))
  const compileContext: CompileContext = { problems, names: context.names, tree, targets, ports: options.ports }
  const rules: Rule[] = []
  const compiled = new Map<ParsedRule, Rule>()
  for (const source of kept) {
    const rule = compileRule(source, rules.length, compileContext)
    if (!rule) continue
    rules.push(rule)
    compiled.set(source, rule)
  }
  const phases = [0, 1, 2, 3, 4, 5].map(phase => rules.filter(rule => rule.phase === phase))
  linkMarkers(parsed, compiled, phases, problems)
  linkSkips(phases)
  linkSelections(context.selections, compiled)
  const staleLists = [0, 1, 2, 3, 4, 5].map(phase =>
    targets.lists.filter(list => list.fixedFrom >= phase && list.fixedFrom > 0).map(list => list.index),
  )
  const initialTx = context.names.unset
  const program = {
    rules,
    phases,
    settings,
    names: context.names,
    staleLists,
    initialTx,
    filters: [],
    variableCount,
    listCount: targets.lists.length,
  }
  return { program, parsed, compiled, tree }
}
