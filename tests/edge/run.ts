// `npm run test:edge`: what takes minutes and needs tools from apt (testssl.sh, sslscan, slowhttptest). Parts by argument:
// tls, slow. Exit 1 when something is wrong.

import { attackSlowly } from './slow.ts'
import { scanTls } from './tls-scan.ts'

const parts = { tls: scanTls, slow: attackSlowly }

const wanted = process.argv.slice(2)
const unknown = wanted.find(name => !Object.hasOwn(parts, name))
if (unknown !== undefined) {
  console.error(`no part ${unknown}; there are: ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
let failed = 0
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const bad = await part(line => console.log(line))
  for (const line of bad) console.log(`FAILED ${line}`)
  failed += bad.length
}
console.log(failed === 0 ? 'all is well' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
