// Takes rule files apart: one unit a directive, a whole chain together, in the order in which they load, with the place
// they came from. The Core Rule Set is one unit as a whole when all of it is loaded.

import { basename, dirname } from 'node:path'
import { type ByteString, bufferToBytes, utf8ToBytes } from '../lib/bytes.ts'
import { debianPaths, locateDebian } from '../rulesets/locate.ts'
import { type RawDirective, readDirectives } from '../waf/seclang/lexer.ts'
import { parseActions } from '../waf/seclang/parse-rule.ts'
import { ProblemList, RuleText } from '../waf/seclang/source.ts'
import type { FilePort } from '../waf/types.ts'
import type { Place, Report, RuleInput } from './setup.ts'

export interface RuleUnit {
  readonly name: string
  readonly words: readonly ByteString[]
  readonly text: ByteString
  readonly place: Place
}

/** Units that stand in one file without another's between them. */
export interface RuleSegment {
  readonly kind: 'units'
  readonly file: string
  /** The file has nothing else. */
  readonly isWhole: boolean
  readonly units: readonly RuleUnit[]
}

/** `crs`, or the folder of one. */
export interface RuleSetUse {
  readonly kind: 'set'
  readonly word: string
  /** Its set-up file, for the values that it sets. */
  readonly setup: string
}

const depthMax = 16
const filesMax = 4096

export function segmentsOf(
  inputs: readonly RuleInput[],
  files: FilePort,
  report: Report,
): readonly (RuleSegment | RuleSetUse)[] {
  const reader = new SegmentReader(files, report)
  return reader.read(inputs)
}

/** The units of one file alone, includes left out. */
export function unitsOf(file: string, files: FilePort): readonly RuleUnit[] {
  try {
    return groupChains(readDirectives(new RuleText(file, bufferToBytes(files.read(file))), new ProblemList()), 1)
  } catch {
    return []
  }
}

class SegmentReader {
  readonly #files: FilePort
  readonly #report: Report
  readonly #segments: (RuleSegment | RuleSetUse)[] = []
  /** Every file that is loaded, found before anything is taken apart. */
  readonly #included = new Set<string>()
  readonly #sets = new Map<string, RuleSetUse>()

  constructor(files: FilePort, report: Report) {
    this.#files = files
    this.#report = report
  }

  read(inputs: readonly RuleInput[]): readonly (RuleSegment | RuleSetUse)[] {
    for (const input of inputs) this.#each(input, input => this.#note(input, 0))
    for (const input of inputs) this.#each(input, input => this.#take(input, 0, true))
    return this.#segments
  }

  #each(input: RuleInput, take: (source: Source) => void): void {
    if (input.kind === 'text') {
      take({ file: input.place.file, line: input.place.line, text: utf8ToBytes(input.text), isFile: false })
      return
    }
    const paths = this.#files.glob(input.pattern)
    if (paths.length === 0) this.#report.add(input.place, `there is no ${input.pattern}`)
    for (const path of paths) this.#open(path, input.place, take)
  }

  #open(path: string, from: Place, take: (source: Source) => void): void {
    try {
      take({ file: path, line: 1, text: bufferToBytes(this.#files.read(path)), isFile: true })
    } catch (error) {
      this.#report.add(from, `${path} can't be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #note(source: Source, depth: number): void {
    if (source.isFile) {
      if (this.#included.has(source.file)) return
      this.#included.add(source.file)
    }
    for (const directive of this.#directives(source)) {
      if (isInclude(directive)) this.#follow(directive, source, depth, next => this.#note(next, depth + 1))
    }
  }

  #follow(directive: RawDirective, source: Source, depth: number, take: (source: Source) => void): void {
    const place = placeOf(directive, source)
    const pattern = this.#files.resolve(source.file, directive.words[0]?.text ?? '')
    const paths = this.#files.glob(pattern)
    if (paths.length === 0 && directive.name.toLowerCase() === 'include') {
      this.#report.add(place, `there is no ${pattern}`)
    }
    if (depth >= depthMax || this.#included.size > filesMax) {
      this.#report.add(place, 'too many files are included, this one is not read')
      return
    }
    for (const path of paths) if (path !== source.file) this.#open(path, place, take)
  }

  #take(source: Source, depth: number, isWhole: boolean): void {
    if (source.isFile && this.#takeSet(source.file)) return
    const directives = this.#directives(source)
    const alone = source.isFile && isWhole && !directives.some(isInclude)
    let open: RawDirective[] = []
    const flush = () => {
      const units = groupChains(open, source.line)
      if (units.length > 0) this.#segments.push({ kind: 'units', file: source.file, isWhole: alone, units })
      open = []
    }
    for (const directive of directives) {
      if (!isInclude(directive)) {
        open.push(directive)
        continue
      }
      flush()
      this.#follow(directive, source, depth, next => this.#take(next, depth + 1, true))
    }
    flush()
  }

  #directives(source: Source): RawDirective[] {
    const problems = new ProblemList()
    const directives = readDirectives(new RuleText(source.file, source.text), problems)
    for (const { line, message } of problems.list()) {
      this.#report.add({ file: source.file, line: source.line + line - 1 }, message)
    }
    return directives
  }

  /** True when the file belongs to a rule set that is used whole. */
  #takeSet(file: string): boolean {
    const set = this.#setOf(file)
    if (!set) return false
    if (!this.#sets.has(set.word)) {
      this.#sets.set(set.word, set)
      this.#segments.push(set)
    }
    return true
  }

  #setOf(file: string): RuleSetUse | undefined {
    const debian = locateDebian()
    if (debian && [...debian.setup, ...debian.rules].includes(file)) {
      const needed = debian.rules.filter(each => dirname(each) === `${debianPaths.share}/rules`)
      const setup = debian.setup[0] ?? ''
      return this.#hasAll(needed) && this.#included.has(setup) ? { kind: 'set', word: 'crs', setup } : undefined
    }
    const folder = basename(dirname(file)) === 'rules' ? dirname(dirname(file)) : dirname(file)
    const setup = [`${folder}/crs-setup.conf`, `${folder}/crs-setup.conf.example`].find(each =>
      this.#included.has(each),
    )
    const rules = this.#files.glob(`${folder}/rules/*.conf`)
    const isCrs = rules.some(rule => rule.endsWith('REQUEST-901-INITIALIZATION.conf'))
    if (setup === undefined || !isCrs || !(file === setup || rules.includes(file))) return undefined
    return this.#hasAll(rules) ? { kind: 'set', word: folder, setup } : undefined
  }

  #hasAll(files: readonly string[]): boolean {
    return files.every(file => this.#included.has(file))
  }
}

interface Source {
  readonly file: string
  /** Of the file, where the text begins. */
  readonly line: number
  readonly text: ByteString
  readonly isFile: boolean
}

function isInclude({ name }: RawDirective): boolean {
  return /^include(optional)?$/i.test(name)
}

function placeOf({ source, start }: RawDirective, { file, line }: Source): Place {
  return { file, line: line + source.position(start).line - 1 }
}

function groupChains(directives: readonly RawDirective[], firstLine: number): RuleUnit[] {
  const units: RuleUnit[] = []
  let group: RawDirective[] = []
  for (const [i, directive] of directives.entries()) {
    group.push(directive)
    if (isChained(directive) && i + 1 < directives.length) continue
    const [first] = group
    if (!first) continue
    const { source, start } = first
    units.push({
      name: first.name,
      words: first.words.map(word => word.text),
      text: source.text.slice(start, directive.end),
      place: { file: source.file, line: firstLine + source.position(start).line - 1 },
    })
    group = []
  }
  return units
}

function isChained({ source, name, words }: RawDirective): boolean {
  if (!/^sec(rule|action)$/i.test(name)) return false
  const actions = words[name.toLowerCase() === 'secrule' ? 2 : 0]
  return actions !== undefined && parseActions(source, actions, new ProblemList()).some(isChain)
}

function isChain({ name }: { readonly name: string }): boolean {
  return name.toLowerCase() === 'chain'
}
