// Which route takes a request. Compiled at load: host first (exact, then the longest wildcard, then any), then path
// (exact, then the longest prefix), then the number of headers that are asked for, then the order in the file. A more general place is asked when no route of a more
// special one has the method.
//
// Paths are compared as servers read them: without doubled slashes and percent-encoded plain characters. What servers
// read differently (`..`, encoded slashes, backslashes, `;parameters`) is looked at in every way; when the ways lead to
// different routes, the path is ambiguous and no route may take it: `/public/..%2fadmin` would come past the guards of
// one or the other. In which form the path is judged and sent is the route's choice (path-form.ts).

import type { ByteString } from '../lib/bytes.ts'
import { HeaderList } from './headers.ts'
import type { Verdict } from './verdict.ts'

export interface Match {
  readonly host: string | undefined
  readonly path: string | undefined
  readonly methods: readonly string[] | undefined
  /** Lower-case names; `*` is any value. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

interface Entry<Target> {
  readonly target: Target
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly methods: ReadonlySet<string> | undefined
}

interface Paths<Target> {
  readonly exact: Map<string, Entry<Target>[]>
  /** By prefix, which ends in a slash. */
  readonly prefixes: Map<string, Entry<Target>[]>
  /** Distinct lengths of the prefixes, longest first. */
  lengths: number[]
}

/** What besides host and path decides. */
interface Asked {
  readonly method: ByteString
  readonly headers: HeaderList
}

const noHeaders = new HeaderList([])

export const ambiguousPath: Verdict = {
  kind: 'deny',
  status: 400,
  reason: { code: 'http.ambiguous-path', detail: 'servers read the path in ways that belong to different routes' },
}

export class Router<Target> {
  readonly #exactHosts = new Map<string, Paths<Target>>()
  /** `*.example.com` under `example.com`. */
  readonly #wildcardHosts = new Map<string, Paths<Target>>()
  readonly #anyHost = createPaths<Target>()

  constructor(routes: readonly { readonly match: Match; readonly target: Target }[]) {
    for (const { match, target } of routes) {
      const headers = Object.entries(match.headers ?? {})
      const entry = { target, methods: match.methods && new Set(match.methods), headers }
      addPath(this.#pathsOf(match.host), match.path ?? '/*', entry)
    }
  }

  /** @param host Lower case, without port. @param path Without query, as it was received. */
  match(
    method: ByteString,
    host: ByteString,
    path: ByteString,
    headers: HeaderList = noHeaders,
  ): Target | 'ambiguous' | undefined {
    const [first = path, ...others] = readingsOf(path)
    const asked: Asked = { method, headers }
    const target = this.#find(asked, host, first)
    return others.every(other => this.#find(asked, host, other) === target) ? target : 'ambiguous'
  }

  #find(asked: Asked, host: ByteString, path: string): Target | undefined {
    const exact = this.#exactHosts.get(host)
    const found = exact && findPath(exact, asked, path)
    if (found) return found
    if (this.#wildcardHosts.size > 0) {
      for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
        const paths = this.#wildcardHosts.get(host.slice(dot + 1))
        const target = paths && findPath(paths, asked, path)
        if (target) return target
      }
    }
    return findPath(this.#anyHost, asked, path)
  }

  #pathsOf(host: string | undefined): Paths<Target> {
    if (host === undefined) return this.#anyHost
    const wildcard = host.startsWith('*.')
    const hosts = wildcard ? this.#wildcardHosts : this.#exactHosts
    const key = wildcard ? host.slice(2) : host
    const paths = hosts.get(key) ?? createPaths<Target>()
    hosts.set(key, paths)
    return paths
  }
}

function createPaths<Target>(): Paths<Target> {
  return { exact: new Map(), prefixes: new Map(), lengths: [] }
}

function addPath<Target>(paths: Paths<Target>, pattern: string, entry: Entry<Target>): void {
  const isPrefix = pattern.endsWith('*')
  const key = isPrefix ? pattern.slice(0, -1) : pattern
  const entries = isPrefix ? paths.prefixes : paths.exact
  const known = entries.get(key)
  if (known)
    entries.set(
      key,
      [...known, entry].sort((a, b) => b.headers.length - a.headers.length),
    )
  else entries.set(key, [entry])
  if (isPrefix) paths.lengths = [...new Set([...paths.lengths, key.length])].sort((a, b) => b - a)
}

function findPath<Target>(paths: Paths<Target>, asked: Asked, path: string): Target | undefined {
  const exact = findEntry(paths.exact.get(path), asked)
  if (exact) return exact
  for (const length of paths.lengths) {
    if (length > path.length || path.charCodeAt(length - 1) !== 0x2f) continue
    const found = findEntry(paths.prefixes.get(path.slice(0, length)), asked)
    if (found) return found
  }
  return undefined
}

/** HEAD is GET without the content (RFC 9110 §9.3.2): it must not come past the guards of a route for GET. */
function findEntry<Target>(entries: readonly Entry<Target>[] | undefined, asked: Asked): Target | undefined {
  if (!entries) return undefined
  const { method, headers } = asked
  for (const entry of entries) {
    if ((!entry.methods || entry.methods.has(method)) && hasHeaders(headers, entry.headers)) return entry.target
  }
  return method === 'HEAD' ? findEntry(entries, { method: 'GET', headers }) : undefined
}

function hasHeaders(headers: HeaderList, wanted: Entry<unknown>['headers']): boolean {
  for (const [name, value] of wanted) {
    const given = headers.get(name)
    if (given === undefined || (value !== '*' && given !== value)) return false
  }
  return true
}

/** The path as servers understand it, most eagerly first; mostly that is one string. */
export function readingsOf(path: ByteString): readonly string[] {
  if (!needsReading(path)) return [path]
  if (!/\/\.|%2[ef]|%5c|[\\;]/i.test(path)) return [readPath(path, eager)]
  const readings = new Set<string>()
  for (const dots of [true, false]) {
    for (const slashes of [true, false]) {
      for (const parameters of [true, false]) readings.add(readPath(path, { dots, slashes, parameters }))
    }
  }
  return [...readings]
}

interface Reader {
  /** Resolves `.` and `..`. */
  readonly dots: boolean
  /** Takes %2f, %5c and backslashes for slashes. */
  readonly slashes: boolean
  /** Leaves out what stands behind a semicolon (RFC 3986 §3.3). */
  readonly parameters: boolean
}

const eager: Reader = { dots: true, slashes: true, parameters: true }

export function readPath(path: ByteString, { dots, slashes, parameters }: Reader): string {
  const segments: string[] = []
  const plain = decodePlain(path, slashes)
  const parts = (slashes ? plain.replaceAll('\\', '/') : plain).split('/')
  for (const [i, part] of parts.entries()) {
    const semicolon = parameters ? part.indexOf(';') : -1
    const name = semicolon < 0 ? part : part.slice(0, semicolon)
    const isDots = dots && (name === '.' || name === '..')
    if (isDots && name === '..') segments.pop()
    if (!isDots && name !== '') segments.push(name)
    else if (i === parts.length - 1) segments.push('')
  }
  return `/${segments.join('/')}`
}

/** Whether servers may read the path as another than it looks. */
export function needsReading(path: ByteString): boolean {
  let previous = 0
  for (let i = 0; i < path.length; i++) {
    const c = path.charCodeAt(i)
    if (c === 0x25 || c === 0x5c || c === 0x3b) return true // % or backslash or semicolon
    if (previous === 0x2f && (c === 0x2e || c === 0x2f)) return true // "/." or "//"
    previous = c
  }
  return false
}

/** Percent-decodes once what is plain ASCII; other bytes stay as they are. */
function decodePlain(path: ByteString, slashes: boolean): ByteString {
  return path.replace(/%([2-7][0-9a-fA-F])/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16)
    if (code <= 0x20 || code >= 0x7f || code === 0x25) return whole
    return !slashes && (code === 0x2f || code === 0x5c) ? whole : String.fromCharCode(code)
  })
}
