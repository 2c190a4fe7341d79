// The engine alone: µs for a whole request transaction (phases 1, 2 and 5), in process, for builtin and, when it is
// installed, the Core Rule Set. Requests differ in their bytes from one to the next.

import { performance } from 'node:perf_hooks'
import { resolveRules } from '../src/rulesets/resolve.ts'
import { createWaf } from '../src/waf/index.ts'
import { nodePorts } from '../src/waf/node.ts'
import type { Waf } from '../src/waf/types.ts'
import { type BenchRequest, benchRequests } from './requests.ts'
