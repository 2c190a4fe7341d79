// Changes a record whatever others change in it at the same time: reads, changes, writes if it is still what was read,
// and begins again when it is not.

import type { NewRecord, Records } from '../store/store.ts'
import { AccountFailure } from './failure.ts'

const tries = 20

/** @throws AccountFailure when there is no such record. */
export async function changeRecord<Value>(
  records: Records,
  kind: string,
  id: string,
  change: (value: Value) => Value,
  rest: (value: Value) => Omit<NewRecord, 'kind' | 'id' | 'json'> = () => ({}),
): Promise<Value> {
  for (let i = 0; i < tries; i++) {
    const before = await records.get(kind, id)
    if (!before) throw new AccountFailure('not-found', `there is no ${kind} ${id}`)
    const value = change(JSON.parse(before.json) as Value)
    const put = await records.put({ kind, id, json: JSON.stringify(value), ...rest(value) }, before.version)
    if (put !== undefined) return value
  }
  throw new AccountFailure('conflict', `the ${kind} ${id} is being changed by others: try again`)
}

/** Every record of a kind, page by page. */
export async function allRecords<Value>(records: Records, kind: string): Promise<(readonly [id: string, Value])[]> {
  const found: (readonly [string, Value])[] = []
  const limit = 1000
  for (let after = ''; ; ) {
    const page = await records.list(kind, { after, limit })
    for (const { id, json } of page) found.push([id, JSON.parse(json) as Value])
    const last = page.at(-1)
    if (!last || page.length < limit) return found
    after = last.id
  }
}

/** By name, then by age: ids are random, and a list in their order would look shuffled. */
export function byName(
  a: { readonly name: string; readonly createdAtMs: number },
  b: { readonly name: string; readonly createdAtMs: number },
): number {
  return a.name === b.name ? a.createdAtMs - b.createdAtMs : a.name < b.name ? -1 : 1
}
