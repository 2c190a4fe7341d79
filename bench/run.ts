// `npm run bench`: the benchmarks in one run, on one core each, with ratios. Parts by argument: engine, classifier,
// authn, authz, hostile, memory, handshake, load, websockets.

import { benchAuthn } from './authn.ts'
import { benchAuthz } from './authz.ts'
import { benchClassifier } from './classifier.ts'
import { benchHandshake } from './handshake.ts'
import { benchHostile } from './hostile.ts'
import { benchLoad } from './load/run.ts'
import { benchMemory } from './memory.ts'
import { benchRivals } from './rivals/compare.ts'
import { benchWaf } from './waf.ts'
import { benchWebSockets } from './websockets.ts'

const parts = {
  engine: async () => benchRivals(benchWaf()),
  classifier: async () => benchClassifier(),
  authn: benchAuthn,
  authz: benchAuthz,
  hostile: async () => benchHostile(),
  memory: async () => benchMemory(),
  handshake: benchHandshake,
  load: benchLoad,
  websockets: benchWebSockets,
}

const wanted = process.argv.slice(2)
const unknown = wanted.find(name => !Object.hasOwn(parts, name))
if (unknown !== undefined) {
  console.error(`no benchmark ${unknown}; there are: ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part()
