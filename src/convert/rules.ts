// From rule files to what guards.waf says: which of them can be used as they are, what must be written afresh because
// something in it is said elsewhere or not done at all, and the settings that merlon.yaml has keys for.

import { type ByteString, bytesToUtf8, utf8ToBytes } from '../lib/bytes.ts'
import type { Problem } from '../lib/problem.ts'
import { resolveRules } from '../rulesets/resolve.ts'
import { createWaf } from '../waf/index.ts'
import { nodeFilePort } from '../waf/node.ts'
import type { FilePort } from '../waf/types.ts'
import { type RuleSegment, type RuleUnit, segmentsOf, unitsOf } from './rule-units.ts'
import type { Place, Report, RuleInput } from './setup.ts'

export interface RuleSetup {
  /** For guards.waf.rules; `generated` stands for a file that is yet to be written. */
  readonly sources: readonly ({ readonly word: string } | { readonly generated: ByteString })[]
  readonly mode: 'protect' | 'monitor' | 'off' | undefined
  readonly paranoia: number | undefined
  readonly threshold: number | undefined
  readonly auditFile: string | undefined
  readonly bodyInspected: number | undefined
  readonly responseInspected: number | undefined
  readonly passesLargeBodies: boolean
}

/** How long guards.waf.rules may be; what is more is included from a file. */
const wordsMax = 40

export function convertRules(inputs: readonly RuleInput[], files: FilePort, report: Report): RuleSetup {
  const converter = new RuleConverter(files, report)
  for (const segment of segmentsOf(inputs, files, report)) {
    if (segment.kind === 'set') converter.useSet(segment.word, segment.setup)
    else converter.take(segment)
  }
  return converter.setup()
}

class RuleConverter {
  readonly #files: FilePort
  readonly #report: Report
  readonly #sources: ({ word: string } | { generated: ByteString })[] = []
  #mode: RuleSetup['mode']
  #paranoia: number | undefined
  #threshold: number | undefined
  #auditFile: string | undefined
  #audits = false
  #bodyInspected: number | undefined
  #responseInspected: number | undefined
  #passesLargeBodies = false

  constructor(files: FilePort, report: Report) {
    this.#files = files
    this.#report = report
  }

  setup(): RuleSetup {
    return {
      sources: this.#sources,
      mode: this.#mode,
      paranoia: this.#paranoia,
      threshold: this.#threshold,
      auditFile: this.#audits ? this.#auditFile : undefined,
      bodyInspected: this.#bodyInspected,
      responseInspected: this.#responseInspected,
      passesLargeBodies: this.#passesLargeBodies,
    }
  }

  useSet(word: string, setup: string): void {
    this.#sources.push({ word })
    for (const unit of unitsOf(setup, this.#files)) this.#readValues(unit)
  }

  take({ file, isWhole, units }: RuleSegment): void {
    const kept = units.filter(unit => this.#keeps(unit))
    if (kept.length === 0) return
    const words = this.#sources.filter(source => 'word' in source).length
    if (isWhole && kept.length === units.length && words < wordsMax) this.#sources.push({ word: file })
    else this.#write(kept)
  }

  #write(units: readonly RuleUnit[]): void {
    const text = units.map(unit => `# ${utf8ToBytes(describePlace(unit.place))}\n${this.#withWholePaths(unit)}\n`)
    const last = this.#sources.at(-1)
    const generated = text.join('\n')
    if (last && 'generated' in last) last.generated += `\n${generated}`
    else this.#sources.push({ generated })
  }

  /** Files that rules name are seen from the rule's own file, which will be another one. */
  #withWholePaths({ text, place }: RuleUnit): ByteString {
    const whole = (path: string) => utf8ToBytes(this.#files.resolve(place.file, bytesToUtf8(path)))
    return text
      .replace(
        /(@(?:pmf|pmFromFile|ipMatchF|ipMatchFromFile)[ \t]+)([^"]+)/gi,
        (_, operator: string, paths: string) => {
          return operator + paths.trim().split(/\s+/).map(whole).join(' ')
        },
      )
      .replace(/^(SecUnicodeMapFile[ \t]+)(\S+)/i, (_, name: string, path: string) => name + whole(path))
  }

  /** Whether the unit stays a rule or a directive. */
  #keeps(unit: RuleUnit): boolean {
    if (this.#takesSetting(unit) || isBase(unit)) return false
    this.#readValues(unit)
    return this.#loads(unit)
  }

  /** Settings that merlon.yaml has keys for. */
  #takesSetting({ name, words, place }: RuleUnit): boolean {
    const value = bytesToUtf8(words[0] ?? '')
    const note = (message: string) => this.#report.add(place, `${name} ${value}: ${message}`)
    switch (name.toLowerCase()) {
      case 'secruleengine':
        this.#mode = modes[value.toLowerCase()] ?? this.#mode
        return value.toLowerCase() in modes
      case 'secauditlog':
        if (value.startsWith('|')) note('the audit log is a file')
        else this.#auditFile = value
        return true
      case 'secauditengine':
        this.#audits = value.toLowerCase() !== 'off'
        return false
      case 'secauditlogformat':
        if (value.toLowerCase() !== 'json') note('the audit log is written as JSON')
        return true
      case 'secauditlogtype':
        if (value.toLowerCase() !== 'serial') note('the audit log is one file, a line a transaction')
        return true
      case 'secrequestbodylimit':
      case 'secrequestbodyinmemorylimit':
        return true // what is larger than body.inspected streams or is denied by its type
      case 'secrequestbodynofileslimit':
        if (Number(value) > 1024 ** 2) this.#bodyInspected = Math.min(Number(value), 64 * 1024 ** 2)
        return true
      case 'secrequestbodylimitaction':
        this.#passesLargeBodies = value.toLowerCase() === 'processpartial'
        return true
      case 'secresponsebodylimit':
        if (/^\d+$/.test(value) && Number(value) !== 512 * 1024) this.#responseInspected = Number(value)
        return true
      default:
        return false
    }
  }

  /** Paranoia level and threshold, where a rule sets them. */
  #readValues({ name, text }: RuleUnit): void {
    if (!/^sec(action|rule)$/i.test(name)) return
    for (const [, variable = '', value] of text.matchAll(/setvar:\s*'?tx\.([a-z_]+)\s*=\s*(\d+)/gi)) {
      const lower = variable.toLowerCase()
      if (/^(blocking_)?paranoia_level$/.test(lower)) this.#paranoia = Math.min(4, Math.max(1, Number(value)))
      else if (lower === 'inbound_anomaly_score_threshold') this.#threshold = Math.max(1, Number(value))
    }
  }

  /** Tries the unit by itself; what the engine can't do or leaves out is reported and left out. */
  #loads(unit: RuleUnit): boolean {
    const { file, line } = unit.place
    const alone: FilePort = {
      ...this.#files,
      read: path => (path === file ? Buffer.from(unit.text, 'latin1') : this.#files.read(path)),
      glob: path => [path],
    }
    const result = createWaf({ rules: [{ path: file }], ports: { files: alone, now: Date.now } })
    const problems = result.ok ? result.warnings : result.problems
    const telling = problems.filter(problem => !result.ok || tellingCodes.has(problem.code))
    for (const problem of telling)
      this.#report.add({ file, line: line + Math.max(0, problem.line - 1) }, problem.message)
    return result.ok && !telling.some(({ code }) => droppingCodes.has(code))
  }
}

const modes: Readonly<Record<string, RuleSetup['mode']>> = { on: 'protect', detectiononly: 'monitor', off: 'off' }

const droppingCodes: ReadonlySet<Problem['code']> = new Set([
  'seclang.ignored-directive',
  'seclang.unsupported-operator',
])
const tellingCodes: ReadonlySet<Problem['code']> = new Set([...droppingCodes, 'seclang.idle-operator'])

function describePlace({ file, line }: Place): string {
  return `${file}:${line}`
}

interface Base {
  readonly ids: ReadonlySet<string>
  readonly settings: ReadonlySet<string>
}

let knownBase: Base | undefined

/** Whether Merlon's own base settings say the same: a setting with the same value, or a rule of the same id. */
function isBase(unit: RuleUnit): boolean {
  knownBase ??= readBase()
  const id = idOf(unit)
  return id === undefined ? knownBase.settings.has(settingOf(unit)) : knownBase.ids.has(id)
}

function readBase(): Base {
  const resolved = resolveRules({ rules: ['builtin'] })
  const base = resolved.ok ? resolved.sources[0] : undefined
  const units = base && 'path' in base ? unitsOf(base.path, nodeFilePort()) : []
  return {
    ids: new Set(units.map(idOf).filter(id => id !== undefined)),
    settings: new Set(units.filter(unit => idOf(unit) === undefined).map(settingOf)),
  }
}

function idOf({ name, text }: RuleUnit): string | undefined {
  return /^sec(rule|action)$/i.test(name) ? /\bid\s*:\s*'?(\d+)/i.exec(text)?.[1] : undefined
}

function settingOf({ name, words }: RuleUnit): string {
  return [name, ...words].join(' ').toLowerCase()
}
