// The engines of others on the same requests in the same run, and how many times faster Merlon is.

import type { EngineTimes } from '../waf.ts'
import { benchLibddwaf } from './libddwaf.ts'
import { benchLibModSecurity } from './libmodsecurity.ts'

export function benchRivals(ours: ReadonlyMap<string, EngineTimes>): void {
  compare('libmodsecurity, CRS', benchLibModSecurity(), 'crs', ours.get('crs')?.micros)
  compare('libddwaf, own rules', benchLibddwaf(), 'builtin', ours.get('builtin')?.micros)
}

function compare(
  name: string,
  theirs: ReadonlyMap<string, number> | string,
  set: string,
  ours: ReadonlyMap<string, number> | undefined,
): void {
  if (typeof theirs === 'string') return console.log(`  ${name}: skipped (${theirs})`)
  console.log(`  ${name.padEnd(24)} ${[...theirs].map(([kind, us]) => `${kind} ${us.toFixed(0)}`).join('  ')}`)
  if (!ours) return
  const ratios = [...theirs].map(([kind, us]) => `${kind} × ${(us / (ours.get(kind) ?? Number.NaN)).toFixed(1)}`)
  console.log(`  ${' '.repeat(24)} ${ratios.join('  ')} (${set})`)
}
