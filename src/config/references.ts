// What needs two places of the file at once: names that must exist, things that may stand there only once. Runs on the
// plain data, whatever else is wrong with it, so that all problems come in one go.

import { nearest, type Problem } from '../lib/problem.ts'
import { formatAddress, parseAddress } from './fields.ts'
import { isSection } from './guard-options.ts'
import { oauthPaths } from './own-services.ts'
import { formatPath, valueProblem } from './problems.ts'
import type { ConfigSource, Path } from './source.ts'

export function checkReferences(source: ConfigSource): Problem[] {
  const data = isSection(source.data) ? source.data : {}
  return [
    ...checkUpstreams(source, data),
    ...checkRoutes(source, data['routes'], hasOAuth(data)),
    ...checkListeners(source, data),
  ]
}

function checkUpstreams(source: ConfigSource, data: Readonly<Record<string, unknown>>): Problem[] {
  if (!isSection(data['upstreams'])) return []
  const problems: Problem[] = []
  const names = Object.keys(data['upstreams'])
  const unused = new Set(names)
  const routes = listOf(data['routes'])
  for (const [i, route] of routes.entries()) {
    const to = isSection(route) ? route['to'] : undefined
    if (typeof to !== 'string') continue
    unused.delete(to)
    if (names.includes(to)) continue
    const near = nearest(to, names)
    problems.push({
      ...valueProblem(source, ['routes', i, 'to'], `there is no upstream "${to}"`, 'config.unknown-upstream'),
      hint: near ? `did you mean ${near}?` : `known: ${names.join(', ') || 'none'}`,
    })
  }
  if (routes.length === 0) return problems
  for (const name of unused) {
    const path: Path = ['upstreams', name]
    problems.push({
      code: 'config.unused-upstream',
      severity: 'warning',
      file: source.file,
      ...source.locate(path),
      path: formatPath(path),
      message: 'no route leads to this upstream',
    })
  }
  return problems
}

function hasOAuth(data: Readonly<Record<string, unknown>>): boolean {
  return isSection(data['accounts']) && isSection(data['accounts']['oauth'])
}

function checkRoutes(source: ConfigSource, routes: unknown, withOAuth: boolean): Problem[] {
  const seen = new FirstPlaces(source)
  for (const [i, route] of listOf(routes).entries()) {
    if (!isSection(route)) continue
    const path: Path = ['routes', i]
    if (typeof route['name'] === 'string') seen.add(`name ${route['name']}`, [...path, 'name'], 'this route name')
    const match = isSection(route['match']) ? route['match'] : {}
    if (withOAuth && oauthPaths.includes(String(match['path']))) {
      const text = 'belongs to the authorization server of accounts.oauth'
      seen.problems.push(valueProblem(source, [...path, 'match', 'path'], text, 'config.duplicate'))
    }
    const headers = isSection(match['headers']) ? Object.entries(match['headers']).sort() : []
    const where = JSON.stringify([String(match['host'] ?? '').toLowerCase(), match['path'] ?? '', headers])
    const methods = Array.isArray(match['methods']) ? [...new Set(match['methods'])] : ['*']
    const place: Path = source.has([...path, 'match']) ? [...path, 'match'] : path
    // Of two routes for one place the first that has the method counts, so nothing reaches the other.
    const before = seen.has(`match ${where} *`) ? ['*'] : methods
    for (const method of before) {
      if (seen.add(`match ${where} ${String(method)}`, place, 'a route for the same requests')) break
    }
  }
  return seen.problems
}

function checkListeners(source: ConfigSource, data: Readonly<Record<string, unknown>>): Problem[] {
  const seen = new FirstPlaces(source)
  const problems: Problem[] = []
  const add = (value: unknown, path: Path) => {
    const address = typeof value === 'string' ? parseAddress(value) : undefined
    if (address && address.port !== 0) seen.add(formatAddress(address), path, 'this address')
  }
  const listeners = listOf(data['listen']).map(listener => (isSection(listener) ? listener : {}))
  const isSecure = listeners.some(listener => listener['https'] !== undefined)
  for (const [i, listener] of listeners.entries()) {
    add(listener['http'], ['listen', i, 'http'])
    add(listener['https'], ['listen', i, 'https'])
    if (listener['redirect'] === true && !isSecure) {
      problems.push(valueProblem(source, ['listen', i, 'redirect'], 'needs an https listener to lead to'))
    }
    if (listener['proxyProtocol'] === true && listOf(data['trustedProxies']).length === 0) {
      const path = ['listen', i, 'proxyProtocol']
      problems.push(valueProblem(source, path, 'needs trustedProxies: nobody else may connect'))
    }
    const acme = isSection(listener['acme']) ? listener['acme'] : undefined
    if (acme && acme['domains'] === undefined && routeHosts(data['routes']).length === 0) {
      problems.push(valueProblem(source, ['listen', i, 'acme'], 'needs domains: no route names a host'))
    }
    const isPlain = listeners.some(other => other['http'] !== undefined)
    if (acme && acme['challenge'] !== 'tls-alpn-01' && acme['challenge'] !== 'dns-01' && !isPlain) {
      const message = 'needs an http listener, for the authority to look: or choose challenge: tls-alpn-01'
      problems.push(valueProblem(source, ['listen', i, 'acme'], message))
    }
  }
  if (isSection(data['admin'])) add(data['admin']['listen'], ['admin', 'listen'])
  return [...seen.problems, ...problems]
}

function routeHosts(routes: unknown): unknown[] {
  return listOf(routes).flatMap(route => {
    const match = isSection(route) ? route['match'] : undefined
    const host = isSection(match) ? match['host'] : undefined
    return typeof host === 'string' && !host.startsWith('*') && !host.startsWith('[') ? [host] : []
  })
}

/** Remembers where a thing was seen first, and reports every later place. */
class FirstPlaces {
  readonly problems: Problem[] = []
  readonly #places = new Map<string, number>()
  readonly #source: ConfigSource

  constructor(source: ConfigSource) {
    this.#source = source
  }

  has(key: string): boolean {
    return this.#places.has(key)
  }

  /** True when it was there already. */
  add(key: string, path: Path, what: string): boolean {
    const first = this.#places.get(key)
    if (first === undefined) {
      this.#places.set(key, this.#source.locateValue(path).line)
      return false
    }
    this.problems.push(valueProblem(this.#source, path, `${what} stands already on line ${first}`, 'config.duplicate'))
    return true
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
