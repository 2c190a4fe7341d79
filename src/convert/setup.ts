// What a web server's set-up says, as far as it concerns a gateway; both readers make one, and document.ts writes it as
// merlon.yaml. What has no equal goes into the report, with its place.

import type { Problem } from '../lib/problem.ts'

export interface Place {
  readonly file: string
  /** 1-based. */
  readonly line: number
}

/** Rules as a set-up brings them: files to read, or directives that stand in the server's own files. */
export type RuleInput =
  | { readonly kind: 'file'; readonly pattern: string; readonly place: Place }
  | { readonly kind: 'text'; readonly text: string; readonly place: Place }

export interface RouteSetup {
  /** Every host when undefined. */
  readonly host: string | undefined
  /** As merlon.yaml writes it: `/a` is exact, `/a/*` a prefix; every path when undefined. */
  readonly path: string | undefined
  readonly upstream: string
  /** Rules of this route alone, after those of all. */
  readonly inputs: readonly RuleInput[]
  readonly isInspected: boolean
  readonly bodyMax: string | undefined
  readonly place: Place
}

export interface ServerSetup {
  /** Addresses as merlon.yaml writes them. */
  readonly listens: readonly string[]
  readonly upstreams: ReadonlyMap<string, readonly string[]>
  readonly routes: readonly RouteSetup[]
  /** Rules of every route. */
  readonly inputs: readonly RuleInput[]
  readonly trustedProxies: readonly string[]
  readonly bodyMax: string | undefined
}

const notesMax = 2000

/** What has no equal, once a place. */
export class Report {
  readonly #notes: Problem[] = []
  readonly #seen = new Set<string>()

  add(place: Place, message: string): void {
    const key = `${place.file}:${place.line} ${message}`
    if (this.#seen.has(key) || this.#notes.length >= notesMax) return
    this.#seen.add(key)
    this.#notes.push({ code: 'convert.no-equal', severity: 'warning', ...place, column: 1, message })
  }

  /** By file, in the order in which the files were met, then by line. */
  get notes(): readonly Problem[] {
    const order = [...new Set(this.#notes.map(({ file }) => file))]
    const rank = new Map(order.map((file, i) => [file, i]))
    return this.#notes.toSorted((a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line)
  }
}

/** Names that merlon.yaml allows for upstreams, made of whatever the server called them. */
export class UpstreamNames {
  readonly servers = new Map<string, string[]>()

  /** The name of an upstream with these servers. */
  add(wanted: string, servers: readonly string[]): string {
    const base =
      wanted
        .replace(/[^A-Za-z0-9._-]+/g, '-')
        .replace(/^[^A-Za-z0-9]+|-+$/g, '')
        .slice(0, 50) || 'app'
    for (let i = 1; ; i++) {
      const name = i === 1 ? base : `${base}-${i}`
      const known = this.servers.get(name)
      if (known && known.join(' ') !== servers.join(' ')) continue
      this.servers.set(name, [...servers])
      return name
    }
  }
}
