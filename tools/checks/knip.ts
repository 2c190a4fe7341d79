// Files, exports and dependencies that nothing uses.

import type { Check } from '../check.ts'
import { runTool } from './run.ts'

export const deadExports: Check = {
  name: 'dead exports and dependencies (knip)',
  async run() {
    const { code, output } = await runTool('knip/bin/knip.js', ['--no-progress'])
    return code === 0 ? { ok: true } : { ok: false, problem: output }
  },
}
