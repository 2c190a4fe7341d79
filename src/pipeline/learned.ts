// Fields that hold rich text, as traffic has shown: what a guard tells of, and what it is told. Who weighs it is learn/.

import type { ByteString } from '../lib/bytes.ts'

/** A request that was let pass, and answered without an error, had an article or code in a field. */
export interface RichTextSighting {
  readonly route: string
  readonly method: string
  /** With `{}` for segments that are values. */
  readonly path: string
  /** As rules name it: `ARGS:json.body`; `*` stands for places in lists. */
  readonly field: string
  /** Who sent it: a principal, or a network. */
  readonly client: string
  readonly atMs: number
  /** What the route's options ask for: distinct clients, and days from the first to the last. */
  readonly clients: number
  readonly days: number
}

export interface LearnedField extends Pick<RichTextSighting, 'route' | 'method' | 'path' | 'field'> {
  readonly learnedAtMs: number
  readonly clients: number
}

/** What a guard that learns reports to. */
export interface RichTextReports {
  seen(sighting: RichTextSighting): void
  /** A request of this client was refused as an attack: what it sends shows nothing. */
  offended(client: string, atMs: number): void
}

/** What is learned, as a worker knows it. */
export class LearnedFields {
  #byRoute = new Map<string, Map<string, Set<string>>>()

  use(fields: readonly LearnedField[]): void {
    const byRoute = new Map<string, Map<string, Set<string>>>()
    for (const { route, method, path, field } of fields) {
      const operations = byRoute.get(route) ?? new Map<string, Set<string>>()
      byRoute.set(route, operations)
      const operation = `${method} ${path}`
      operations.set(operation, (operations.get(operation) ?? new Set()).add(field))
    }
    this.#byRoute = byRoute
  }

  /** Undefined where there are none, as nearly everywhere. */
  of(route: string, method: ByteString, path: ByteString): ReadonlySet<string> | undefined {
    return this.#byRoute.get(route)?.get(`${method} ${pathTemplate(path)}`)
  }
}

const segmentsMax = 32
const segmentBytes = 64

/** `/users/42/notes` → `/users/{}/notes`: numbers, identifiers and what is encoded are values, the rest are names. */
export function pathTemplate(path: ByteString): string {
  const segments = path.split('/', segmentsMax + 1)
  return segments.map(segment => (isName(segment) ? segment : '{}')).join('/')
}

function isName(segment: ByteString): boolean {
  if (segment.length > segmentBytes) return false
  let digits = 0
  for (let i = 0; i < segment.length; i++) {
    const c = segment.charCodeAt(i)
    const lower = c | 0x20
    if (c >= 0x30 && c <= 0x39) digits++
    else if (!(lower >= 0x61 && lower <= 0x7a) && c !== 0x2d && c !== 0x5f && c !== 0x2e) return false
  }
  // `v2` and `oauth2` are names, `a81bc81b-dead` is none.
  return digits === 0 || (digits < segment.length && digits <= 2 && segment.length <= 24)
}

/** `json.items.array_4.text` → `json.items.array_*.text` */
export function fieldName(name: ByteString): string {
  return name.includes('array_') ? name.replaceAll(/array_\d+/g, 'array_*') : name
}
