// Bounds for the tests of the body parsers.

import type { BodyLimits } from './types.ts'

export const limits: BodyLimits = {
  jsonDepth: 64,
  jsonKeys: 10_000,
  multipartParts: 200,
  xmlDepth: 64,
  xmlNodes: 10_000,
}
