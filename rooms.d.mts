// Types of rooms.mjs, for the tests.

export interface Room {
  readonly may: readonly string[]
  readonly instead: string
}

export const rooms: Readonly<Record<string, Room>>
