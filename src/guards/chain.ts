// THE ORDER of the guards, and the only file that lists them.
//
// Cheap before dear, and who before what: `lists` needs one look-up of the address and knows who is exempt from `rate`;
// `rate` bounds how often anything dearer can be made to run, guessing credentials included; `authn` says who it is
// before anything is read for them; `quota` counts what they use, and `authz` says whether they may do it at all; `waf`
// reads the whole request and costs most; `leak` looks at responses alone. A guard that is put in later has its place by
// the same question: what must be known, and paid for, before it runs?

import type { GuardDefinition } from '../pipeline/guard.ts'
import { authn } from './authn/index.ts'
import { authz } from './authz/index.ts'
import { leak } from './leak/index.ts'
import { lists } from './lists/index.ts'
import { quota } from './quota/index.ts'
import { rate } from './rate/index.ts'
import { waf } from './waf/index.ts'

export const chain: readonly GuardDefinition[] = [lists, rate, authn, quota, authz, waf, leak]
