// Makes what is published: src/ as JavaScript with types in dist/, the demo as JavaScript beside its source (Node runs
// no TypeScript below node_modules). Development and tests never need it.

import { cpSync, globSync, rmSync } from 'node:fs'
import { root, runTool } from './checks/run.ts'

for (const folder of ['build', 'dist']) rmSync(`${root}${folder}`, { recursive: true, force: true })
const { code, output } = await runTool('typescript/bin/tsc', ['--pretty', 'false', '-p', 'tsconfig.build.json'])
if (code !== 0) {
  console.error(output)
  process.exit(1)
}
cpSync(`${root}build/src`, `${root}dist`, { recursive: true })
cpSync(`${root}src/ftw/skips`, `${root}dist/ftw/skips`, { recursive: true })
for (const file of globSync('**/*.{yaml,json,conf,txt}', { cwd: `${root}src`, exclude: ['**/testdata/**'] })) {
  cpSync(`${root}src/${file}`, `${root}dist/${file}`)
}
for (const file of globSync('**/*.js', { cwd: `${root}build/demo` })) {
  cpSync(`${root}build/demo/${file}`, `${root}demo/${file}`)
}
rmSync(`${root}build`, { recursive: true })
console.log('dist/')
