// What a native detector says about a value.

export interface Detection {
  /** Why, in a word or two: `tautology`, `union select`, `event handler`. */
  readonly reason: string
  /** The fragment of the value that shows it. */
  readonly start: number
  readonly end: number
}
