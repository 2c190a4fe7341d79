// The TypeScript compiler, over source, tests and tools.

import type { Check } from '../check.ts'
import { runTool } from './run.ts'

export const types: Check = {
  name: 'types (tsc)',
  async run() {
    const { code, output } = await runTool('typescript/bin/tsc', [
      '--noEmit',
      '--pretty',
      'false',
      '-p',
      'tsconfig.json',
    ])
    return code === 0 ? { ok: true } : { ok: false, problem: output }
  },
}
