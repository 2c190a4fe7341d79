// Config → a gateway that is ready to serve: routes with their guards as flat lists of steps, and the upstreams behind
// them. The only place that joins guards, destinations and stores. Everything is decided here, once, and nothing at
// request time.

import { hash } from 'node:crypto'
import { relative } from 'node:path'
import { ruleKey } from './certificates/client-rule.ts'
import { readUpstreamFiles, type UpstreamPem } from './certificates/upstream-files.ts'
import { createIdentify } from './client/identify.ts'
import type { Config, RouteConfig, UpstreamTlsFiles } from './config/config.ts'
import { verdictKeysName } from './config/own-services.ts'
import { readPages } from './config/page-files.ts'
import { routesWith } from './config/route-infos.ts'
import { OpenApiContract } from './contract/contract.ts'
import { readDocument } from './contract/read-document.ts'
import type { WorkerMetrics } from './events/metrics.ts'
import { chain } from './guards/chain.ts'
import type { Problem } from './lib/problem.ts'
import { createFallbackRoute, type Handler } from './listen/handler.ts'
import type { Exchange } from './pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools, RouteInfo } from './pipeline/guard.ts'
import { compileHeaderRules, noHeaderRules } from './pipeline/header-rules.ts'
import type { Identity } from './pipeline/identity.ts'
import type { Limits } from './pipeline/limits.ts'
import { closedFor } from './pipeline/maintenance.ts'
import type { Contract } from './pipeline/placements.ts'
import type { Destination, Route, Step, StepStats } from './pipeline/route.ts'
import { Router } from './pipeline/router.ts'
import type { PhaseName } from './pipeline/verdict.ts'
import type { Counters, Quotas } from './store/store.ts'
import { SignedDestination, VerdictSigner, verdictKeySet } from './upstream/signed-verdict.ts'
import { createUpstream, type Upstream } from './upstream/upstream.ts'

export interface BuildTools {
  readonly counters: Counters
  readonly quotas?: Quotas
  /** For the guard of policies. */
  readonly recordUse?: GuardTools['recordUse']
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Called once for each exchange, when all is over. */
  readonly report?: (ex: Exchange) => void
  readonly metrics?: WorkerMetrics
  /** For guards that ask who calls. */
  readonly identity?: Identity
  /** For guards that learn. */
  readonly learned?: GuardTools['learned']
  readonly richTextReports?: GuardTools['richTextReports']
  /** For guards that write logs. */
  readonly writeLine?: (file: string, line: string) => void
  /** Parts of the running gateway to go on with where nothing about them has changed. */
  readonly parts?: Parts
}

export interface BuiltGateway extends Handler {
  readonly routes: readonly Route[]
  /** Takes what no route takes, and answers 404. */
  readonly unrouted: Route
  readonly upstreams: readonly Upstream[]
  /** What guards said of their options while they were made: rules that had to be left out. */
  readonly warnings: readonly Problem[]
  /**
   * Waits until the requests that it took have ended, at most `drainMs`, then lets go of guards and upstreams; those
   * that no other build uses are closed.
   */
  close(drainMs: number): Promise<void>
}

export type BuildResult =
  | { readonly ok: true; readonly gateway: BuiltGateway }
  | { readonly ok: false; readonly problems: readonly Problem[] }

interface Part<Value> {
  readonly key: string
  readonly value: Value
  users: number
}

/** Guards and upstreams that are in use, by what they were made from. */
export class Parts {
  readonly #parts = new Map<string, Part<Guard | Upstream>>()

  take<Value extends Guard | Upstream>(key: string): Part<Value> | undefined {
    const part = this.#parts.get(key) as Part<Value> | undefined
    if (part) part.users++
    return part
  }

  /** Stands for its key from now on; a part that it takes the place of is kept by those that use it. */
  add<Value extends Guard | Upstream>(key: string, value: Value): Part<Value> {
    const part = { key, value, users: 1 }
    this.#parts.set(key, part)
    return part
  }

  /** True when nobody uses it any more. */
  release(part: Part<Guard | Upstream>): boolean {
    if (--part.users > 0) return false
    if (this.#parts.get(part.key) === part) this.#parts.delete(part.key)
    return true
  }
}

export function buildGateway(config: Config, tools: BuildTools): BuildResult {
  const builder = new Builder(config, tools)
  const gateway = builder.build()
  if (builder.problems.length === 0) return { ok: true, gateway }
  gateway.close(0)
  return { ok: false, problems: builder.problems }
}

class Builder {
  readonly problems: Problem[] = []
  readonly #warnings: Problem[] = []
  readonly #config: Config
  readonly #tools: BuildTools
  readonly #parts: Parts
  readonly #guards = new Map<string, Part<Guard>>()
  readonly #upstreams = new Map<string, Part<Upstream>>()
  readonly #failed = new Set<string>()
  readonly #contracts = new Map<string, Contract>()
  readonly #routesOf = new Map<string, { readonly infos: readonly RouteInfo[]; readonly digest: string }>()
  readonly #done: readonly Step[]
  readonly #running: Running

  constructor(config: Config, tools: BuildTools) {
    this.#config = config
    this.#tools = tools
    this.#parts = tools.parts ?? new Parts()
    this.#running = new Running(tools.report)
    this.#done = [step('report', this.#running, 'protect', 'pass', noStats())]
  }

  build(): BuiltGateway {
    const { limits, trustedProxies } = this.#config
    const routes = this.#config.routes.map(route => ({ match: route.match, target: this.#route(route) }))
    const router = new Router(routes)
    const unrouted = this.#unrouted()
    const upstreams = [...this.#upstreams.values()].map(({ value }) => value)
    return {
      limits,
      identify: createIdentify(trustedProxies),
      match: (method, host, path, headers) => {
        return this.#running.begin(router.match(method, host, path, headers) ?? unrouted)
      },
      unrouted,
      fallback: createFallbackRoute(limits, this.#done),
      routes: routes.map(({ target }) => target),
      upstreams,
      warnings: this.#warnings,
      close: drainMs => this.#close(drainMs),
    }
  }

  #route(config: RouteConfig): Route {
    const { name, mode, guards, to, limits, body, websocket, paths, headers, clientCert, maintenance, pages } = config
    const steps = this.#steps(name, guards, limits)
    return {
      name,
      mode,
      phases: phasesOf(steps),
      filters: steps.filter(({ guard }) => guard.filterResponse),
      done: [...steps.filter(({ guard }) => guard.onDone), ...this.#done],
      destination: maintenance ? closedFor(maintenance, this.#destination(to)) : this.#destination(to),
      limits,
      body,
      messages: websocket !== 'pass' ? steps.filter(({ guard }) => guard.onMessage) : undefined,
      paths,
      headers: headers ? compileHeaderRules(headers) : noHeaderRules,
      ...(config.openapi !== undefined && isOn(guards['waf']) && { contract: this.#contract(config.openapi) }),
      ...(pages && { pages: this.#pages(name, pages) }),
      ...(clientCert && { certificateRule: ruleKey(clientCert) }),
    }
  }

  /** Requests that no route takes still meet the guards that need to know no route. */
  #unrouted(): Route {
    const { limits, unrouted, mode } = this.#config
    const fallback = createFallbackRoute(limits, this.#done)
    const steps = this.#steps(fallback.name, unrouted, limits)
    const done = [...steps.filter(({ guard }) => guard.onDone), ...this.#done]
    const filters = steps.filter(({ guard }) => guard.filterResponse)
    return { ...fallback, mode, phases: phasesOf(steps), filters, done }
  }

  #steps(route: string, guards: RouteConfig['guards'], limits: Limits): Step[] {
    const steps: Step[] = []
    for (const definition of chain) {
      const own = guards[definition.name]
      if (!own || own.mode === 'off') continue
      const guard = this.#guard(definition, own.options, limits, route)
      if (!guard) continue
      const stats = this.#tools.metrics?.stepStats(route, definition.name) ?? noStats()
      steps.push(step(definition.name, guard, own.mode, definition.onError, stats))
    }
    return steps
  }

  /** One guard for each distinct set of options and limits. */
  #guard(definition: GuardDefinition, options: unknown, limits: Limits, route: string): Guard | undefined {
    const { dir, store, accounts } = this.#config
    const scope = definition.perRoute ? this.#scopeOf(definition.name, route) : undefined
    const tools: GuardTools = {
      now: this.#tools.now,
      counters: this.#tools.counters,
      limits,
      configDir: dir,
      stateDir: store.state,
      ...(this.#tools.recordUse && { recordUse: this.#tools.recordUse }),
      ...(this.#tools.learned && { learned: this.#tools.learned }),
      ...(this.#tools.richTextReports && { richTextReports: this.#tools.richTextReports }),
      ...(this.#tools.quotas && { quotas: this.#tools.quotas }),
      ...scope?.tools,
      ...(accounts.oauth && { ownIssuer: accounts.oauth.issuer }),
      ...(this.#tools.identity && { identity: this.#tools.identity }),
      ...(this.#tools.writeLine && { writeLine: this.#tools.writeLine }),
    }
    const key = JSON.stringify([
      'guard',
      definition.name,
      options,
      limits,
      dir,
      store.state,
      scope?.key,
      accounts.oauth?.issuer,
    ])
    const known = this.#guards.get(key)
    if (known || this.#failed.has(key)) return known?.value
    let part = this.#parts.take<Guard>(key)
    if (part?.value.isStale?.()) {
      if (this.#parts.release(part)) part.value.close?.()
      part = undefined
    }
    if (!part) {
      const made = definition.create(options, tools)
      if (!made.ok) {
        this.problems.push(...made.problems)
        this.#failed.add(key)
        return undefined
      }
      this.#warnings.push(...(made.warnings ?? []))
      part = this.#parts.add(key, made.guard)
    }
    this.#guards.set(key, part)
    return part.value
  }

  /** What a guard that looks at routes is made from. */
  #scopeOf(guard: string, name: string) {
    let all = this.#routesOf.get(guard)
    if (!all) {
      const infos = routesWith(this.#config, guard)
      all = { infos, digest: hash('sha256', JSON.stringify(infos), 'base64url') }
      this.#routesOf.set(guard, all)
    }
    const route = all.infos.find(info => info.name === name)
    return { key: [name, all.digest], tools: { routes: all.infos, ...(route && { route }) } }
  }

  /** What is wrong with single operations is a warning here: they are judged as if there were no contract. */
  #contract(path: string): Contract {
    const known = this.#contracts.get(path)
    if (known) return known
    const { operations, problems } = readDocument(path, relative(this.#config.dir, path))
    if (operations.length === 0) this.problems.push(...problems)
    else this.#warnings.push(...problems.map(problem => ({ ...problem, severity: 'warning' as const })))
    const contract = new OpenApiContract(operations)
    this.#contracts.set(path, contract)
    return contract
  }

  #destination(name: string): Destination {
    const { identity, now } = this.#tools
    if (name === verdictKeysName) return verdictKeySet(identity)
    const upstream = this.#upstream(name)
    if (!this.#config.upstreams[name]?.verdict) return upstream
    return new SignedDestination(upstream, new VerdictSigner(identity, this.#config.accounts.oauth?.issuer, now))
  }

  #upstream(name: string): Upstream {
    const config = this.#config.upstreams[name]
    if (!config) throw new Error(`route to an upstream that the config doesn't have: ${name}`)
    const pem = config.tls ? this.#upstreamPem(name, config.tls) : {}
    const key = JSON.stringify(['upstream', name, config, pem, this.#config.limits])
    let part = this.#upstreams.get(key)
    if (!part) {
      part =
        this.#parts.take<Upstream>(key) ?? this.#parts.add(key, createUpstream(name, config, this.#config.limits, pem))
      this.#upstreams.set(key, part)
    }
    return part.value
  }

  #pages(route: string, files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
    return readPages(files, (status, message) => {
      const path = `routes.${route}.pages.${status}`
      const { file } = this.#config
      this.problems.push({ code: 'config.page', severity: 'error', file, line: 0, column: 0, path, message })
    })
  }

  #upstreamPem(name: string, files: UpstreamTlsFiles): UpstreamPem {
    return readUpstreamFiles(files, (key, message) => {
      const path = `upstreams.${name}.${key}`
      const { file } = this.#config
      this.problems.push({ code: 'certificate.bad', severity: 'error', file, line: 0, column: 0, path, message })
    })
  }

  async #close(drainMs: number): Promise<void> {
    await this.#running.end(drainMs)
    for (const part of this.#guards.values()) if (this.#parts.release(part)) part.value.close?.()
    this.#guards.clear()
    const ending = [...this.#upstreams.values()].filter(part => this.#parts.release(part))
    this.#upstreams.clear()
    await Promise.all(ending.map(({ value }) => value.close()))
  }
}

/** Counts the requests that are under way on the routes of one build, so that it is closed after the last of them. */
class Running implements Guard {
  readonly #report: ((ex: Exchange) => void) | undefined
  readonly #routes = new WeakSet<Route>()
  #count = 0
  #ended: (() => void) | undefined

  constructor(report: ((ex: Exchange) => void) | undefined) {
    this.#report = report
  }

  begin(route: Route | 'ambiguous' | undefined): Route | 'ambiguous' | undefined {
    if (route && route !== 'ambiguous') {
      this.#routes.add(route)
      this.#count++
    }
    return route
  }

  onDone(ex: Exchange): void {
    // The fallback route is not begun: what is malformed is never matched.
    if (ex.handshake === undefined && this.#routes.has(ex.route)) this.#count--
    if (this.#count === 0) this.#ended?.()
    this.#report?.(ex)
  }

  end(drainMs: number): Promise<void> {
    if (this.#count === 0 || drainMs === 0) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, drainMs)
      this.#ended = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function isOn(guard: RouteConfig['guards'][string] | undefined): boolean {
  return guard !== undefined && guard.mode !== 'off'
}

function phasesOf(steps: readonly Step[]): Route['phases'] {
  return {
    onHeaders: withPhase(steps, 'onHeaders'),
    onBody: withPhase(steps, 'onBody'),
    onResponseHeaders: withPhase(steps, 'onResponseHeaders'),
    onResponseBody: withPhase(steps, 'onResponseBody'),
  }
}

function withPhase(steps: readonly Step[], phase: PhaseName): Step[] {
  return steps.filter(({ guard }) => guard[phase])
}

function step(name: string, guard: Guard, mode: Step['mode'], onError: Step['onError'], stats: StepStats): Step {
  return { name, guard, mode, onError, stats }
}

function noStats(): StepStats {
  return { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 }
}
