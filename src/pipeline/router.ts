// Which route takes a request. Compiled at load: host first (exact, then the longest wildcard, then any), then path
// (exact, then the longest prefix), then the order in the file. A more general place is asked when no route of a more
// special one has the method.
//
// Paths are compared as a server would read them, without `.`, `..`, doubled slashes, backslashes and percent-encoded
// plain characters, so that `/public/%2e%2e/admin` gets the guards of `/admin`. What is sent upstream is untouched.

import type { ByteString } from '../lib/bytes.ts'

export interface Match {
  readonly host: string | undefined
  readonly path: string | undefined
  readonly methods: readonly string[] | undefined
}

interface Entry<Target> {
  readonly target: Target
  readonly methods: ReadonlySet<string> | undefined
}

interface Paths<Target> {
  readonly exact: Map<string, Entry<Target>[]>
  /** By prefix, which ends in a slash. */
  readonly prefixes: Map<string, Entry<Target>[]>
  /** Distinct lengths of the prefixes, longest first. */
  lengths: number[]
}

export class Router<Target> {
  readonly #exactHosts = new Map<string, Paths<Target>>()
  /** `*.example.com` under `example.com`. */
  readonly #wildcardHosts = new Map<string, Paths<Target>>()
  readonly #anyHost = createPaths<Target>()

  constructor(routes: readonly { readonly match: Match; readonly target: Target }[]) {
    for (const { match, target } of routes) {
      const entry = { target, methods: match.methods && new Set(match.methods) }
      addPath(this.#pathsOf(match.host), match.path ?? '/*', entry)
    }
  }

  /** @param host Lower case, without port. @param path Without query, as it was received. */
  match(method: ByteString, host: ByteString, path: ByteString): Target | undefined {
    const plain = comparablePath(path)
    const exact = this.#exactHosts.get(host)
    const found = exact && findPath(exact, method, plain)
    if (found) return found
    if (this.#wildcardHosts.size > 0) {
      for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
        const paths = this.#wildcardHosts.get(host.slice(dot + 1))
        const target = paths && findPath(paths, method, plain)
        if (target) return target
      }
    }
    return findPath(this.#anyHost, method, plain)
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
  if (known) known.push(entry)
  else entries.set(key, [entry])
  if (isPrefix) paths.lengths = [...new Set([...paths.lengths, key.length])].sort((a, b) => b - a)
}

function findPath<Target>(paths: Paths<Target>, method: string, path: string): Target | undefined {
  const exact = findMethod(paths.exact.get(path), method)
  if (exact) return exact
  for (const length of paths.lengths) {
    if (length > path.length || path.charCodeAt(length - 1) !== 0x2f) continue
    const found = findMethod(paths.prefixes.get(path.slice(0, length)), method)
    if (found) return found
  }
  return undefined
}

function findMethod<Target>(entries: readonly Entry<Target>[] | undefined, method: string): Target | undefined {
  if (!entries) return undefined
  for (const { target, methods } of entries) if (!methods || methods.has(method)) return target
  return undefined
}

/** The path as most servers understand it; the same string when there is nothing to change. */
export function comparablePath(path: ByteString): ByteString {
  if (!needsWork(path)) return path
  const segments: string[] = []
  const parts = decodePlain(path).replaceAll('\\', '/').split('/')
  for (const [i, part] of parts.entries()) {
    // `..;x` is `..` to servers with path parameters (RFC 3986 §3.3).
    const semicolon = part.indexOf(';')
    const name = semicolon < 0 ? part : part.slice(0, semicolon)
    const isLast = i === parts.length - 1
    if (name === '..') segments.pop()
    if (name === '..' || name === '.' || part === '') {
      if (isLast) segments.push('')
    } else segments.push(part)
  }
  return `/${segments.join('/')}`
}

function needsWork(path: ByteString): boolean {
  let previous = 0
  for (let i = 0; i < path.length; i++) {
    const c = path.charCodeAt(i)
    if (c === 0x25 || c === 0x5c) return true // % or backslash
    if (previous === 0x2f && (c === 0x2e || c === 0x2f)) return true // "/." or "//"
    previous = c
  }
  return false
}

/** Percent-decodes once what is plain ASCII; other bytes stay as they are. */
function decodePlain(path: ByteString): ByteString {
  return path.replace(/%([2-7][0-9a-fA-F])/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16)
    return code > 0x20 && code < 0x7f && code !== 0x25 ? String.fromCharCode(code) : whole
  })
}
