// From the checked file to the Config that the gateway runs: defaults, overlays and modes put together, paths absolute.

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { Problem } from '../lib/problem.ts'
import { type BodyPolicy, defaultBodyPolicy } from '../pipeline/body.ts'
import type { GuardDefinition } from '../pipeline/guard.ts'
import { defaultLimits, type Limits } from '../pipeline/limits.ts'
import type { MaintenanceConfig } from '../pipeline/maintenance.ts'
import type { Config, RouteCertificateConfig, RouteConfig } from './config.ts'
import { GuardOptions, isSection, lowestMode } from './guard-options.ts'
import { accountsConfig, accountsUpstream, keyReference, oauthRoutes, verdictKeysRoute } from './own-services.ts'
import { guardDefaults, guardOverlay, presetProblems, zeroTrustTokenMs } from './preset.ts'
import { valueProblem } from './problems.ts'
import { resolveListen } from './resolve-listen.ts'
import { resolveUpstream } from './resolve-upstream.ts'
import type { ConfigInput, RouteInput } from './schema.ts'
import type { ConfigSource, Path } from './source.ts'

export interface ConfigOrigin {
  readonly file: string
  readonly dir: string
}

/**
 * Checks the guards' options on the plain data; makes the config when the rest of the file was right (`input`). The
 * problems are the guards' and those of values that only together are wrong.
 */
export function resolveConfig(
  input: ConfigInput | undefined,
  source: ConfigSource,
  origin: ConfigOrigin,
  guards: readonly GuardDefinition[],
): { readonly config: Config | undefined; readonly problems: readonly Problem[] } {
  const options = new GuardOptions(source, guards)
  const data = isSection(source.data) ? source.data : {}
  const defaults = guardDefaults(data['preset'], data['guards'])
  const rawRoutes: readonly unknown[] = Array.isArray(data['routes']) ? data['routes'] : []
  options.checkDefaults(data['guards'])
  const guardsOfRoute = rawRoutes.map((route, i) =>
    options.forRoute(
      defaults,
      guardOverlay(data['preset'], route, defaults),
      ['routes', i],
      input?.mode,
      input?.routes[i]?.mode,
    ),
  )
  if (!input) return { config: undefined, problems: options.problems }

  const problems = [...options.problems]
  const limits = withBody({ ...defaultLimits, ...known(input.limits) }, input.body)
  checkBodySizes(limits, [], source, problems)
  const routes = input.routes.map((route, i): RouteConfig => {
    const own = withBody({ ...limits, ...known(route.limits) }, route.body)
    if (route.body) checkBodySizes(own, ['routes', i], source, problems)
    return {
      name: route.name ?? routeName(route),
      match: {
        host: route.match.host,
        path: route.match.path,
        methods: route.match.methods,
        ...known({ headers: route.match.headers }),
      },
      to: route.to,
      mode: lowestMode(input.mode, route.mode),
      ...openapiOf(route.openapi ?? input.openapi, origin.dir),
      guards: guardsOfRoute[i] ?? {},
      body: bodyPolicy(bodyPolicy(defaultBodyPolicy, input.body), route.body),
      paths: route.paths,
      websocket: route.websocket,
      ...known({ headers: route.headers ?? input.headers }),
      ...known({ clientCert: clientCert(route.clientCert, origin.dir) }),
      ...known({ maintenance: maintenance(route.maintenance ?? input.maintenance) }),
      ...known({ pages: pages({ ...input.pages, ...route.pages }, origin.dir) }),
      limits: own,
    }
  })
  problems.push(...unusedDocuments(input, routes, source))
  const state = resolve(origin.dir, input.store.state)
  const isZeroTrust = input.preset === 'zero-trust'
  const accounts = accountsConfig(input.accounts, origin.dir, isZeroTrust ? zeroTrustTokenMs : undefined)
  const upstreams = Object.entries(input.upstreams).map(
    ([name, value]) => [name, resolveUpstream(value, origin.dir, isZeroTrust)] as const,
  )
  const listen = resolveListen(input, origin.dir)
  problems.push(...presetProblems(input, guardsOfRoute, listen, source))
  // What is wrong with the defaults is said above already.
  const ownGuards = new GuardOptions(source, withoutOwn(guards)).forRoute(defaults, undefined, [], input.mode)
  const asked = new GuardOptions(
    source,
    guards.filter(({ name }) => name === 'authn'),
  ).forRoute({ authn: { require: ['oauth2'], requireBound: isZeroTrust } }, undefined, [], input.mode)
  const unrouted = new GuardOptions(
    source,
    guards.filter(({ name }) => unroutedGuards.has(name)),
  ).forRoute(defaults, undefined, [], input.mode)
  const rest = { mode: input.mode, body: bodyPolicy(defaultBodyPolicy, input.body), limits }
  const ownRoutes = [
    ...(accounts.oauth ? oauthRoutes(accounts.oauth, ownGuards, { ...ownGuards, ...asked }, rest) : []),
    ...(upstreams.some(([, { verdict }]) => verdict) ? [verdictKeysRoute(ownGuards, rest)] : []),
  ]
  const config: Config = {
    file: origin.file,
    dir: origin.dir,
    mode: input.mode,
    listen,
    upstreams: {
      ...Object.fromEntries(upstreams),
      ...(accounts.oauth && accountsUpstream(state)),
    },
    routes: [...ownRoutes, ...routes],
    unrouted,
    trustedProxies: input.trustedProxies,
    store: {
      state,
      key: keyReference(input.store.key, origin.dir),
      database: keyReference(input.store.database, origin.dir),
      staleAfterMs: input.store.staleAfter,
    },
    accounts,
    admin: { listen: input.admin.listen },
    events: {
      stdout: input.events.stdout === 'ecs',
      file: input.events.file === undefined ? undefined : resolve(origin.dir, input.events.file),
      retentionMs: input.events.retention,
    },
    limits,
    workers: input.workers ?? availableParallelism(),
  }
  return { config, problems }
}

/** A document that nothing reads protects nobody. */
function unusedDocuments(input: ConfigInput, routes: readonly RouteConfig[], source: ConfigSource): Problem[] {
  const reads = ({ openapi, guards }: RouteConfig) =>
    openapi !== undefined && ['authz', 'waf'].some(name => (guards[name]?.mode ?? 'off') !== 'off')
  const say = (path: Path, message: string) => {
    return { ...valueProblem(source, path, message, 'config.unused-document'), severity: 'warning' as const }
  }
  const isUnused = input.openapi !== undefined && !routes.some((route, i) => !input.routes[i]?.openapi && reads(route))
  return [
    ...(isUnused ? [say(['openapi'], 'is read by nothing: no route has the guard waf or authz')] : []),
    ...routes.flatMap((route, i) => {
      const isOwn = input.routes[i]?.openapi !== undefined
      return isOwn && !reads(route)
        ? [say(['routes', i, 'openapi'], 'is read by nothing: the route has neither guard waf nor authz')]
        : []
    }),
  ]
}

function openapiOf(path: string | undefined, dir: string): { readonly openapi?: string } {
  return path === undefined ? {} : { openapi: resolve(dir, path) }
}

/** What says something of a request without knowing what it is for. */
const unroutedGuards: ReadonlySet<string> = new Set(['lists', 'rate', 'waf'])

function withoutOwn(guards: readonly GuardDefinition[]): readonly GuardDefinition[] {
  return guards.filter(guard => guard.skipsOwnServices !== true)
}

function clientCert(input: RouteInput['clientCert'], dir: string): RouteCertificateConfig | undefined {
  if (!input) return undefined
  const { ca, crl, names } = input
  return { ca: resolve(dir, ca), crl: crl === undefined ? undefined : resolve(dir, crl), names }
}

function maintenance(input: RouteInput['maintenance']): MaintenanceConfig | undefined {
  if (input === undefined || input === false) return undefined
  if (input === true) return { retryAfterMs: maintenanceRetryMs, allow: [] }
  return { retryAfterMs: input.retryAfter, allow: input.allow }
}

const maintenanceRetryMs = 300_000

/** Files absolute; undefined without any. */
function pages(files: Readonly<Record<string, string>>, dir: string): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(files)
  return entries.length === 0
    ? undefined
    : Object.fromEntries(entries.map(([status, file]) => [status, resolve(dir, file)]))
}

/** A name that says what the route matches, for routes without one. */
function routeName({ match }: RouteInput): string {
  const place = `${match.host ?? ''}${match.path ?? ''}` || 'all'
  return match.methods ? `${match.methods.join(',')} ${place}` : place
}

function withBody(limits: Limits, body: RouteInput['body']): Limits {
  return { ...limits, ...known({ bodyInspected: body?.inspected, bodyMax: body?.max }) }
}

function bodyPolicy(below: BodyPolicy, body: RouteInput['body']): BodyPolicy {
  return { overflow: { ...below.overflow, ...known(body?.overflow) } }
}

function checkBodySizes(limits: Limits, at: Path, source: ConfigSource, problems: Problem[]): void {
  if (limits.bodyInspected <= limits.bodyMax) return
  const path = [...at, 'body', source.has([...at, 'body', 'inspected']) ? 'inspected' : 'max']
  problems.push(valueProblem(source, path, 'body.inspected must not be larger than body.max'))
}

/** Leaves out what was not given. */
function known<T extends object>(values: T | undefined): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== undefined)) as never
}
