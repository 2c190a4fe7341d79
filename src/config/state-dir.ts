// Where a config file keeps state, and under which key. Nothing else of the file is checked, because a reload of a bad config must
// still find the gateway that runs with the good one.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Problem } from '../lib/problem.ts'
import { isSection } from './guard-options.ts'
import { keyReference } from './own-services.ts'
import { parseSource } from './source.ts'

const defaultState = './.merlon'

export interface StorePlace {
  readonly state: string
  /** `store.key`, as the config means it. */
  readonly key: string | undefined
  /** `store.database`, likewise. */
  readonly database: string | undefined
}

export function storePlaceOf(file: string): StorePlace | Problem {
  const path = resolve(file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const message = `can't be read: ${error instanceof Error ? error.message : String(error)}`
    return { code: 'config.unreadable', severity: 'error', file, line: 0, column: 0, message }
  }
  const { data, problems } = parseSource(file, text)
  const broken = problems[0]
  if (data === undefined && broken) return broken
  const store = isSection(data) ? data['store'] : undefined
  const state = isSection(store) ? store['state'] : undefined
  const key = isSection(store) ? store['key'] : undefined
  const database = isSection(store) ? store['database'] : undefined
  const dir = dirname(path)
  return {
    state: resolve(dir, typeof state === 'string' ? state : defaultState),
    key: keyReference(typeof key === 'string' ? key : undefined, dir),
    database: keyReference(typeof database === 'string' ? database : undefined, dir),
  }
}
