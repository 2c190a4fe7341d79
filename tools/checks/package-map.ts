// What package.json promises exists: each `exports` path has its source, each `bin` and each path of `files` is there.

import { existsSync, readFileSync } from 'node:fs'
import type { Check } from '../check.ts'
import { root } from './run.ts'

interface PackageMap {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly bin: Readonly<Record<string, string>>
  readonly files: readonly string[]
}

/** Made by the build. */
const built = new Set(['dist', 'console/dist'])

export const packageMap: Check = {
  name: 'package map (exports, bin, files)',
  async run() {
    const map = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as PackageMap
    const missing: string[] = []
    for (const [subpath, targets] of Object.entries(map.exports)) {
      for (const [condition, target] of Object.entries(targets)) {
        const source = target.replace('./dist/', 'src/').replace(/\.d\.ts$|\.js$/, '.ts')
        if (!existsSync(`${root}${source}`)) missing.push(`exports["${subpath}"].${condition}: ${source}`)
      }
    }
    for (const [name, path] of Object.entries(map.bin))
      if (!existsSync(`${root}${path}`)) missing.push(`bin.${name}: ${path}`)
    for (const path of map.files) {
      const plain = path.replace(/\/\*.*$/, '')
      if (!built.has(plain) && !path.startsWith('!') && !existsSync(`${root}${plain}`)) missing.push(`files: ${path}`)
    }
    return missing.length === 0 ? { ok: true } : { ok: false, problem: `not there:\n${missing.join('\n')}` }
  },
}
