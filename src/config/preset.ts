// `preset: zero-trust`: nobody gets anywhere without being known and permitted. It fills in defaults, and refuses a config
// that leaves a way around them; what is open to everyone must say so (`public: true`).

import type { Problem } from '../lib/problem.ts'
import type { GuardConfig, ListenConfig } from './config.ts'
import { isSection } from './guard-options.ts'
import { valueProblem } from './problems.ts'
import type { ConfigInput } from './schema.ts'
import type { ConfigSource, Path } from './source.ts'

export const presets = ['zero-trust'] as const

/** Options that the operator's own are laid over. */
const zeroTrustGuards = { authn: { require: ['oauth2', 'apiKey'], requireBound: true } } as const

/** How long access tokens of ours live, unless the config says otherwise. */
export const zeroTrustTokenMs = 300_000

/** Guards of a route that is open to everyone. */
const open = { authn: { mode: 'off' }, authz: { mode: 'off' } } as const

export function guardDefaults(preset: unknown, defaults: unknown): unknown {
  if (preset !== 'zero-trust') return defaults
  return layered(zeroTrustGuards, defaults)
}

/** The sections of a route. @param defaults What `guardDefaults` gave: a guard that is in it must be taken off. */
export function guardOverlay(preset: unknown, route: unknown, defaults: unknown): unknown {
  const section = isSection(route) ? route : {}
  if (preset !== 'zero-trust' || section['public'] !== true) return section['guards']
  const given = isSection(defaults) ? defaults : {}
  const below = Object.fromEntries(Object.entries(open).filter(([name]) => given[name] !== undefined))
  return layered(below, section['guards'])
}

/** Guard by guard, and in each option by option. */
function layered(below: Readonly<Record<string, object>>, above: unknown): unknown {
  const sections = isSection(above) ? above : {}
  const merged: Record<string, unknown> = { ...sections }
  for (const [name, options] of Object.entries(below)) {
    const own = sections[name]
    if (own === undefined || isSection(own)) merged[name] = { ...options, ...own }
  }
  return merged
}

export function presetProblems(
  input: ConfigInput,
  guardsOfRoute: readonly Readonly<Record<string, GuardConfig>>[],
  listen: readonly ListenConfig[],
  source: ConfigSource,
): Problem[] {
  const problems: Problem[] = []
  const say = (path: Path, message: string, severity: Problem['severity'] = 'error') =>
    problems.push({ ...valueProblem(source, path, message, 'config.zero-trust'), severity })
  for (const [i, route] of input.routes.entries()) {
    const path: Path = ['routes', i]
    if (input.preset !== 'zero-trust') {
      if (route.public !== undefined) say([...path, 'public'], 'means something with preset: zero-trust alone')
      continue
    }
    if (route.public) continue
    const missing = ['authn', 'authz'].filter(name => guardsOfRoute[i]?.[name]?.mode !== 'protect')
    if (missing.length > 0) {
      say(path, `with preset zero-trust needs ${missing.join(' and ')} in protect mode, or public: true`)
    }
    const authn = guardsOfRoute[i]?.['authn']?.options
    if (isSection(authn) && authn['requireBound'] === false) {
      say(path, 'takes plain bearer tokens, which work for whoever has stolen one', 'warning')
    }
  }
  if (input.preset !== 'zero-trust') return problems
  for (const [i, { protocol, redirect, host }] of listen.entries()) {
    if (protocol === 'http' && !redirect && !isLoopback(host)) {
      say(['listen', i], 'with preset zero-trust must be https, or redirect: true, where others can reach it')
    }
  }
  return problems
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
