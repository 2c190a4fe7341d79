// All that is fuzzed.

import type { FuzzTarget } from './target.ts'
import { bodies } from './targets/bodies.ts'
import { regexes } from './targets/regex.ts'
import { seclang } from './targets/seclang.ts'
import { transactions } from './targets/transactions.ts'
import { transforms } from './targets/transforms.ts'

export const targets: readonly FuzzTarget[] = [...bodies, ...transforms, ...regexes, ...seclang, ...transactions]
