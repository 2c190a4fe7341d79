// Writes a set-up as merlon.yaml, with the rule files that had to be written afresh.

import { stringify } from 'yaml'
import { type ByteString, bytesToBuffer } from '../lib/bytes.ts'
import type { FilePort } from '../waf/types.ts'
import { convertRules, type RuleSetup } from './rules.ts'
import type { Report, RouteSetup, RuleInput, ServerSetup } from './setup.ts'

export interface WrittenFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface DocumentOptions {
  /** Where requests go when the set-up names no upstream. */
  readonly upstream: string
  /** What was read. */
  readonly from: string
}

export function writeDocument(
  given: ServerSetup,
  options: DocumentOptions,
  files: FilePort,
  report: Report,
): readonly WrittenFile[] {
  const setup = withSharedRules(given)
  const writer = new DocumentWriter(options, files, report)
  return writer.write(setup)
}

/** Rules that every inspected route has are those of all, wherever the set-up says so. */
function withSharedRules(setup: ServerSetup): ServerSetup {
  const inspected = setup.routes.filter(({ isInspected }) => isInspected)
  const keys = new Set(inspected.map(({ inputs }) => keyOf(inputs)))
  const [shared] = inspected
  if (setup.inputs.length > 0 || keys.size !== 1 || !shared) return setup
  return {
    ...setup,
    inputs: shared.inputs,
    routes: setup.routes.map(route => (route.isInspected ? { ...route, inputs: [] } : route)),
  }
}

class DocumentWriter {
  readonly #options: DocumentOptions
  readonly #files: FilePort
  readonly #report: Report
  readonly #generated = new Map<ByteString, string>()
  readonly #converted = new Map<string, RuleSetup>()
  #bodyMax: string | undefined

  constructor(options: DocumentOptions, files: FilePort, report: Report) {
    this.#options = options
    this.#files = files
    this.#report = report
  }

  write(setup: ServerSetup): readonly WrittenFile[] {
    const isAnyInspected = setup.routes.length === 0 || setup.routes.some(({ isInspected }) => isInspected)
    if (!isAnyInspected) this.#say('ModSecurity is on nowhere: the built-in rules are used')
    this.#bodyMax = setup.bodyMax
    const rules = this.#convert(setup.inputs)
    const base = this.#waf(rules)
    const { listens, upstreams, routes } = this.#withDefaults(setup)
    const body = {
      ...(setup.bodyMax !== undefined && { max: setup.bodyMax }),
      ...(rules.bodyInspected !== undefined && { inspected: `${Math.ceil(rules.bodyInspected / 1024)}KiB` }),
      ...(rules.passesLargeBodies && { overflow: 'pass' }),
    }
    const document = {
      mode: 'protect',
      listen: listens.map(http => ({ http })),
      upstreams: Object.fromEntries(Array.from(upstreams, ([name, servers]) => [name, { servers }])),
      guards: { rate: { mode: 'monitor' }, waf: base },
      routes: this.#routes(routes, base, isAnyInspected),
      ...(Object.keys(body).length > 0 && { body }),
      ...(rules.responseInspected !== undefined && { limits: { responseInspected: `${rules.responseInspected}B` } }),
      ...(setup.trustedProxies.length > 0 && { trustedProxies: [...new Set(setup.trustedProxies)] }),
    }
    const head = `# Made by merlon rules convert from ${this.#options.from}. Read it, then: merlon check
# The rate guard is new: in monitor mode it only records what its limit would refuse.
`
    const yaml = head + stringify(document, { lineWidth: 0 })
    return [
      { name: 'merlon.yaml', bytes: Buffer.from(yaml) },
      ...Array.from(this.#generated, ([text, name]) => ({ name, bytes: bytesToBuffer(text) })),
    ]
  }

  #withDefaults({ listens, upstreams, routes }: ServerSetup): Pick<ServerSetup, 'listens' | 'upstreams' | 'routes'> {
    const wanted = listens.length > 0 ? listens : [':8080']
    if (listens.length === 0) this.#say('no address without TLS to listen on: :8080 stands in for it')
    if (routes.length > 0) return { listens: wanted, upstreams, routes }
    const { upstream } = this.#options
    this.#say(`nothing is proxied here: everything goes to ${upstream}, put the application there`)
    const place = { file: this.#options.from, line: 1 }
    const all = { host: undefined, path: undefined, upstream: 'app', inputs: [], isInspected: true, bodyMax: undefined }
    return { listens: wanted, upstreams: new Map([['app', [upstream]]]), routes: [{ ...all, place }] }
  }

  #routes(routes: readonly RouteSetup[], base: WafSection, isAnyInspected: boolean): object[] {
    const known = new Set<string>()
    return routes.flatMap(route => {
      const { host, path, upstream, bodyMax, place, isInspected } = route
      const key = `${host ?? '*'}${path ?? ''}`
      if (known.has(key)) {
        this.#report.add(place, `there is a route for ${key} already, this one is left out`)
        return []
      }
      known.add(key)
      const match = { ...(host !== undefined && { host }), ...(path !== undefined && { path }) }
      const waf = isAnyInspected && !isInspected ? { mode: 'off' } : this.#routeWaf(route, base)
      const ownMax = bodyMax === this.#bodyMax ? undefined : bodyMax
      return [
        {
          ...(Object.keys(match).length > 0 && { match }),
          to: upstream,
          ...(waf && { guards: { waf } }),
          ...(ownMax !== undefined && { body: { max: ownMax } }),
        },
      ]
    })
  }

  /** Undefined when the route has no rules of its own. */
  #routeWaf({ inputs }: RouteSetup, base: WafSection): object | undefined {
    if (inputs.length === 0) return undefined
    const rules = this.#convert(inputs)
    if (rules.mode === 'off') return { mode: 'off' }
    const words = this.#words(rules)
    const own = {
      ...(rules.mode !== undefined && rules.mode !== base.mode && { mode: rules.mode }),
      ...(words.length > 0 && { rules: [...base.rules, ...words.filter(word => !base.rules.includes(word))] }),
      ...(rules.paranoia !== undefined && { paranoia: rules.paranoia }),
      ...(rules.threshold !== undefined && { threshold: rules.threshold }),
    }
    return Object.keys(own).length > 0 ? own : undefined
  }

  #waf(rules: RuleSetup): WafSection {
    const words = this.#words(rules)
    if (words.length === 0) this.#say('no rules are loaded for all routes: the built-in rules are used')
    else if (rules.mode === undefined) this.#say('SecRuleEngine is not set, and its default is Off: taken for monitor')
    return {
      mode: rules.mode ?? (words.length === 0 ? 'protect' : 'monitor'),
      rules: words.length === 0 ? ['builtin'] : words,
      ...(rules.paranoia !== undefined && { paranoia: rules.paranoia }),
      ...(rules.threshold !== undefined && { threshold: rules.threshold }),
      ...(rules.auditFile !== undefined && { audit: { file: rules.auditFile } }),
    }
  }

  #words({ sources }: RuleSetup): string[] {
    return sources.map(source => {
      if ('word' in source) return source.word
      const known = this.#generated.get(source.generated)
      const count = this.#generated.size + 1
      const name = known ?? (count === 1 ? 'converted-rules.conf' : `converted-rules-${count}.conf`)
      this.#generated.set(source.generated, name)
      return `./${name}`
    })
  }

  #convert(inputs: readonly RuleInput[]): RuleSetup {
    const key = keyOf(inputs)
    const known = this.#converted.get(key)
    if (known) return known
    const converted = convertRules(inputs, this.#files, this.#report)
    this.#converted.set(key, converted)
    return converted
  }

  #say(message: string): void {
    this.#report.add({ file: this.#options.from, line: 1 }, message)
  }
}

interface WafSection {
  readonly mode: 'protect' | 'monitor' | 'off'
  readonly rules: readonly string[]
}

function keyOf(inputs: readonly RuleInput[]): string {
  return JSON.stringify(inputs.map(input => (input.kind === 'file' ? input.pattern : [input.text, input.place])))
}
