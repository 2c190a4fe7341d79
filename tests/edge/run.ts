// `npm run test:edge`: what takes minutes, and tools from apt (testssl.sh, sslscan, slowhttptest). Parts by argument: tls,
// slow, h2 (no tools; `h2:rapid reset` runs one attack). Exit 1 when something is wrong.

import { attackHttp2 } from './h2/run.ts'
import { attackSlowly } from './slow.ts'
import { scanTls } from './tls-scan.ts'

const parts = { tls: scanTls, slow: attackSlowly, h2: attackHttp2 }

const asked = process.argv.slice(2)
const wanted = asked.map(name => name.replace(/:.*/, ''))
const only = asked.filter(name => name.startsWith('h2:')).map(name => name.slice(3))
const unknown = wanted.find(name => !Object.hasOwn(parts, name))
if (unknown !== undefined) {
  console.error(`no part ${unknown}; there are: ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
let failed = 0
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const bad = await part(line => console.log(line), only)
  for (const line of bad) console.log(`FAILED ${line}`)
  failed += bad.length
}
console.log(failed === 0 ? 'all is well' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
