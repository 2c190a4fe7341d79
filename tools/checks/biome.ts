// Format and lint, with warnings and hints counted as errors.

import type { Check } from '../check.ts'
import { runTool } from './run.ts'

export const formatAndLint: Check = {
  name: 'format and lint (biome)',
  async run() {
    const { code, output } = await runTool('@biomejs/biome/bin/biome', [
      'ci',
      '--error-on-warnings',
      '--colors=off',
      '.',
    ])
    return code === 0 ? { ok: true } : { ok: false, problem: output }
  },
}
