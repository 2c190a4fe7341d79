// Loads a rule set whole: reads the sources, parses, applies updates, compiles, links markers and selections. Everything
// that can be worked out before a request comes is worked out here.

import type { ByteString } from '../../lib/bytes.ts'
import type { Problem } from '../../lib/problem.ts'
import { emptyDraft, type RuleDraft } from '../actions/draft.ts'
import type { RuleSelection } from '../actions/selection.ts'
import { type DirectiveKind, takeDirective } from '../seclang/directives.ts'
import type { RawDirective } from '../seclang/lexer.ts'
import { parseActions } from '../seclang/parse-rule.ts'
import { readSources } from '../seclang/read.ts'
import { defaultSettings, type EngineSettings } from '../seclang/settings.ts'
import { ProblemList } from '../seclang/source.ts'
import { createTransformations } from '../transforms/index.ts'
import type { Phase, WafOptions } from '../types.ts'
import { TargetCompiler } from '../variables/compile-target.ts'
import { TxNames } from '../variables/tx.ts'
import { type CompileContext, compileRule } from './compile.ts'
import { applyActions, type ParseContext, type ParsedLink, type ParsedRule, parseLink } from './parse.ts'
import type { Rule } from './rule.ts'
import { TransformTree } from './transform-step.ts'
import { applyUpdates, selectable, type Update } from './update.ts'

export interface Program {
  readonly rules: readonly Rule[]
  /** By phase; index 0 is empty. */
  readonly phases: readonly (readonly Rule[])[]
  readonly settings: EngineSettings
  readonly names: TxNames
  /** Indexes of target lists to be gathered afresh when a phase begins, by phase. */
  readonly staleLists: readonly (readonly number[])[]
}

export type LoadResult =
  | { readonly ok: true; readonly program: Program; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** A SecMarker, and where it stands among the rules. */
interface Marker {
  readonly name: ByteString
  /** How many parsed rules stand before it. */
  readonly position: number
}

export interface ParsedSet {
  readonly rules: readonly ParsedRule[]
  readonly markers: readonly Marker[]
  readonly updates: readonly Update[]
  readonly settings: EngineSettings
  readonly context: ParseContext
}

export function loadProgram(options: WafOptions): LoadResult {
  const problems = new ProblemList()
  const parsed = parseSet(options, problems)
  const { context, settings } = parsed
  const kept = applyUpdates(parsed.rules, parsed.updates, context)
  const targets = new TargetCompiler(context.names)
  const tree = new TransformTree(createTransformations(settings.unicodeMap))
  const compileContext: CompileContext = { problems, names: context.names, tree, targets, ports: options.ports }
  const rules: Rule[] = []
  const bySource = new Map<ParsedRule, Rule>()
  for (const rule of kept) {
    const compiled = compileRule(rule, rules.length, compileContext)
    if (!compiled) continue
    rules.push(compiled)
    bySource.set(rule, compiled)
  }
  const phases = [0, 1, 2, 3, 4, 5].map(phase => rules.filter(rule => rule.phase === phase))
  linkMarkers(parsed, bySource, phases, problems)
  linkSelections(context.selections, bySource)
  if (problems.errors.length > 0) return { ok: false, problems: [...problems.errors, ...problems.warnings] }
  const staleLists = [0, 1, 2, 3, 4, 5].map(phase =>
    targets.lists.filter(list => list.fixedFrom >= phase && list.fixedFrom > 0).map(list => list.index),
  )
  return {
    ok: true,
    program: { rules, phases, settings, names: context.names, staleLists },
    warnings: problems.warnings,
  }
}

/** Reads all sources to parsed rules; what is wrong goes into `problems`. */
export function parseSet(options: WafOptions, problems: ProblemList): ParsedSet {
  const settings = defaultSettings()
  const selections: RuleSelection[] = []
  const tree = new TransformTree(createTransformations())
  const context: ParseContext = { problems, names: new TxNames(), tree, selections }
  const builder = new SetBuilder(context)
  for (const directive of readSources(options.rules, options.ports.files, problems).directives) {
    const kind = takeDirective(directive, settings, options.ports.files, problems)
    if (kind) builder.take(directive, kind)
  }
  builder.finish()
  return { rules: builder.rules, markers: builder.markers, updates: builder.updates, settings, context }
}

class SetBuilder {
  readonly rules: ParsedRule[] = []
  readonly markers: Marker[] = []
  readonly updates: Update[] = []
  readonly #context: ParseContext
  readonly #defaults = new Map<Phase, RuleDraft>()
  readonly #ids = new Map<number, RawDirective>()
  /** The rule whose chain is still open. */
  #open: { rule: ParsedRule | undefined; directive: RawDirective } | undefined = undefined

  constructor(context: ParseContext) {
    this.#context = context
  }

  take(directive: RawDirective, kind: DirectiveKind): void {
    if (kind === 'rule' || kind === 'action') return this.#link(directive)
    this.finish()
    if (kind === 'marker') this.#marker(directive)
    else if (kind === 'default-action') this.#default(directive)
    else this.updates.push({ directive, kind })
  }

  /** Complains about a chain that was promised and did not come. */
  finish(): void {
    if (!this.#open) return
    const { source, start } = this.#open.directive
    this.#context.problems.add(source.problem(start, 'open-chain', 'chain is not followed by a rule'))
    this.#open = undefined
  }

  #link(directive: RawDirective): void {
    const open = this.#open
    this.#open = undefined
    const link = parseLink(directive, open === undefined, this.#context)
    let rule = open?.rule
    if (!open && link) {
      rule = this.#start(link)
      if (rule) this.rules.push(rule)
    } else if (rule && link) rule.links.push(link)
    if (link?.draft.chain) this.#open = { rule, directive }
  }

  #start(link: ParsedLink): ParsedRule | undefined {
    const { draft, directive } = link
    const { source, start } = directive
    const { problems } = this.#context
    const phase = draft.phase ?? 2
    const rule: ParsedRule = { links: [link], phase, defaults: this.#defaults.get(phase) }
    if (draft.id === undefined) {
      problems.add(source.problem(start, 'missing-id', 'the rule has no id', 'every rule needs a number of its own'))
      return rule
    }
    const earlier = this.#ids.get(draft.id)
    if (earlier) {
      const at = earlier.source.position(earlier.start)
      const message = `id ${draft.id} is taken by the rule at ${earlier.source.file}:${at.line}`
      problems.add(source.problem(start, 'duplicate-id', message))
    } else this.#ids.set(draft.id, directive)
    return rule
  }

  #marker(directive: RawDirective): void {
    const { source, start, words } = directive
    const name = words[0]
    if (name && words.length === 1) this.markers.push({ name: name.text, position: this.rules.length })
    else this.#context.problems.add(source.problem(start, 'bad-arguments', 'SecMarker takes one name'))
  }

  #default(directive: RawDirective): void {
    const { source, start, words } = directive
    const word = words[0]
    const complain = (message: string) => this.#context.problems.add(source.problem(start, 'bad-arguments', message))
    if (!word || words.length > 1) return complain('SecDefaultAction takes one list of actions')
    const draft = emptyDraft()
    applyActions(draft, parseActions(source, word, this.#context.problems), source, true, this.#context)
    if (draft.id !== undefined || draft.chain || draft.skip > 0 || draft.skipAfter !== undefined) {
      return complain('SecDefaultAction takes no id, chain, skip or skipAfter')
    }
    if (draft.disruption === undefined || draft.disruption === 'block') {
      return complain('SecDefaultAction needs one of pass, deny, drop, redirect or allow: it is what block means')
    }
    this.#defaults.set(draft.phase ?? 2, draft)
  }
}

/** A skipAfter goes to the first rule of its phase behind the next marker of that name; without one, to the end. */
function linkMarkers(
  parsed: ParsedSet,
  bySource: ReadonlyMap<ParsedRule, Rule>,
  phases: readonly (readonly Rule[])[],
  problems: ProblemList,
): void {
  const positionInPhase = new Map<Rule, number>()
  for (const list of phases) for (const [i, rule] of list.entries()) positionInPhase.set(rule, i)
  for (const [position, source] of parsed.rules.entries()) {
    const draft = source.links[0]?.draft
    const rule = bySource.get(source)
    if (!rule || draft?.skipAfter === undefined) continue
    const list = phases[rule.phase] ?? []
    const place = placeAfter(parsed, position, draft.skipAfter)
    if (place === undefined) {
      rule.skipTo = list.length
      const text = source.links[0]?.directive.source
      const message = `no SecMarker ${draft.skipAfter} stands below: the rest of the phase is skipped`
      if (text) problems.add(text.warning(draft.skipAfterAt, 'unknown-marker', message))
      continue
    }
    rule.skipTo = list.length
    for (const later of parsed.rules.slice(place)) {
      const target = bySource.get(later)
      if (target?.phase !== rule.phase) continue
      rule.skipTo = positionInPhase.get(target) ?? list.length
      break
    }
  }
}

/** Among the parsed rules: the position right behind a marker, or behind a rule whose id is the name. */
function placeAfter(parsed: ParsedSet, position: number, name: ByteString): number | undefined {
  const marker = parsed.markers.find(each => each.position > position && each.name === name)
  if (marker) return marker.position
  if (!/^\d+$/.test(name)) return undefined
  const index = parsed.rules.findIndex((rule, i) => i > position && rule.links[0]?.draft.id === Number(name))
  return index < 0 ? undefined : index + 1
}

function linkSelections(selections: readonly RuleSelection[], bySource: ReadonlyMap<ParsedRule, Rule>): void {
  const choices = Array.from(bySource, ([source, rule]) => ({ facts: selectable(source), index: rule.index }))
  for (const selection of selections) {
    selection.indexes = choices.filter(choice => selection.matches(choice.facts)).map(choice => choice.index)
  }
}
