// What a transformation is. One file a transformation (or a small family); transforms/index.ts lists them.

import type { ByteString } from '../../lib/bytes.ts'

export interface Transformation {
  /** As SecLang spells it; matched without regard to case. */
  readonly name: string
  /** One line for docs/generated/seclang.md. */
  readonly summary: string
  /** Returns the very same string when nothing changes, so that `===` tells cheaply whether it did. Never throws. */
  apply(value: ByteString): ByteString
  /** Whether the outcome surely has fewer bytes than that, where this is told sooner than the outcome is made. */
  isShorter?(value: ByteString, bytes: number): boolean
}
