// Reads a whole rule set to parsed rules: directives in file order, chains joined, markers and updates noted.

import type { ByteString } from '../../lib/bytes.ts'
import { emptyDraft, type RuleDraft } from '../actions/draft.ts'
import type { RuleSelection } from '../actions/selection.ts'
import { type DirectiveKind, takeDirective } from '../seclang/directives.ts'
import type { RawDirective } from '../seclang/lexer.ts'
import { parseActions } from '../seclang/parse-rule.ts'
import { readSources } from '../seclang/read.ts'
import { defaultSettings, type EngineSettings } from '../seclang/settings.ts'
import type { ProblemList } from '../seclang/source.ts'
import { createTransformations } from '../transforms/index.ts'
import type { Phase, WafOptions } from '../types.ts'
import { TxNames } from '../variables/tx.ts'
import { applyActions, type ParseContext, type ParsedLink, type ParsedRule, parseLink } from './parse.ts'
import { TransformTree } from './transform-step.ts'
import type { Update } from './update.ts'

/** A SecMarker, and where it stands among the rules. */
export interface Marker {
  readonly name: ByteString
  readonly directive: RawDirective
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
    if (draft.id === 0) return rule
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
    if (name && words.length === 1) this.markers.push({ name: name.text, directive, position: this.rules.length })
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
