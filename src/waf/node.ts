// The engine's ports on Node: rule files from disk, the clock, persistent collections in memory. The one file of waf/
// that touches files; the engine itself never does.

import { globSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import type { ByteString } from '../lib/bytes.ts'
import { Lru } from '../lib/lru.ts'
import type { CollectionPort, CollectionValue, FilePort, WafPorts } from './types.ts'

export function nodeFilePort(): FilePort {
  return {
    read: path => readFileSync(path),
    glob(pattern) {
      if (!/[*?[{]/.test(pattern)) return statSync(pattern, { throwIfNoEntry: false })?.isFile() ? [pattern] : []
      return globSync(pattern)
        .filter(path => statSync(path, { throwIfNoEntry: false })?.isFile())
        .sort(byBytes)
    },
    resolve: (fromFile, path) => (isAbsolute(path) ? path : join(dirname(fromFile), path)),
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const keptCollections = 10_000

/** Collections of this process; those used longest ago are forgotten when there are too many. */
export function memoryCollections(): CollectionPort {
  const kept = new Lru<string, Map<ByteString, CollectionValue>>(keptCollections)
  return {
    load: (collection, key) => kept.get(`${collection}\n${key}`),
    save: (collection, key, values) => kept.set(`${collection}\n${key}`, values),
  }
}

export function nodePorts(): WafPorts {
  return { files: nodeFilePort(), now: Date.now, collections: memoryCollections() }
}
