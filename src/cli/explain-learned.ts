// What the gateway has learned, as `merlon explain` knows it: read from the state folder and changed in nothing.

import { existsSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { learnedPath, readLearned } from '../learn/rich-text-learner.ts'
import { type LearnedField, pathTemplate } from '../pipeline/learned.ts'
import { openRecords } from '../store/open-records.ts'
import { say } from './output.ts'

export async function lookAtLearned({ store }: Config): Promise<readonly LearnedField[]> {
  const file = learnedPath(store.state)
  if (!existsSync(file)) return []
  try {
    const records = await openRecords({ file, database: undefined })
    try {
      return await readLearned(records)
    } finally {
      await records.close()
    }
  } catch (error) {
    say(`what was learned can't be read: ${error instanceof Error ? error.message : String(error)}`)
    return []
  }
}

/** Those of the operation that a request asks for. */
export function learnedOf(
  fields: readonly LearnedField[],
  route: string,
  method: string,
  target: string,
): readonly LearnedField[] {
  const path = pathTemplate(target.split('?', 1)[0] ?? '')
  return fields.filter(field => field.route === route && field.method === method && field.path === path)
}
