// What is known of the fields of a request before a rule looks at them: by the contract of the API, by what was learned,
// or by a guard that has checked them. The waf guard asks; who knows, answers.

import type { ByteString } from '../lib/bytes.ts'

/**
 * `settled`: the value has a form in which nothing but itself can stand, such as a number. `broken`: it leaves the form
 * that its field has, and has structure. `richText`: articles, documentation, code that people post.
 */
export type Placement = 'settled' | 'broken' | 'richText'

/** Names as rules have them: `id`, `json.user.name`; of headers in lower case. */
export type ValuePlace = 'query' | 'header' | 'cookie' | 'body'

/** Of one request. */
export interface Placements {
  /** Undefined: to be judged as any other value. */
  of(place: ValuePlace, name: ByteString, value: ByteString): Placement | undefined
  /** Parameters of the path that leave their form. */
  readonly brokenInPath: readonly { readonly name: ByteString; readonly value: ByteString }[]
}

export interface Contract {
  /** Undefined for an operation that the contract does not know. */
  placements(method: ByteString, path: ByteString): Placements | undefined
}
