// The import rules bite: on a scaffold with one file a room, every pair of rooms that rooms.mjs forbids is caught, and
// none that it allows.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { rooms } from '../../rooms.mjs'
import { cruiseTree } from '../../tools/checks/imports.ts'

const root = join(import.meta.dirname, '../..')
const scaffold = mkdtempSync(join(tmpdir(), 'merlon-rooms-'))
after(() => rmSync(scaffold, { recursive: true, force: true }))

const names = Object.keys(rooms)

test('every forbidden pair of rooms is caught, and no allowed one', async () => {
  for (const file of ['rooms.mjs', '.dependency-cruiser.mjs', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, file), join(scaffold, file))
  }
  symlinkSync(join(root, 'node_modules'), join(scaffold, 'node_modules'))
  mkdirSync(join(scaffold, 'demo'))
  const mayNot: string[] = []
  for (const from of names) {
    mkdirSync(join(scaffold, 'src', from), { recursive: true })
    writeFileSync(join(scaffold, 'src', from, 'target.ts'), `export const ${from} = 1\n`)
    for (const to of names) {
      if (from === to) continue
      writeFileSync(join(scaffold, 'src', from, `to-${to}.ts`), `export type * as x from '../${to}/target.ts'\n`)
      if (!rooms[from]?.may.includes(to)) mayNot.push(`src/${from}/to-${to}.ts`)
    }
  }
  const { violations } = (await cruiseTree(scaffold)).summary
  const caught = violations.filter(({ rule }) => rule.name.startsWith('room-')).map(({ from }) => from)
  assert.deepEqual(caught.sort(), mayNot.sort())
})
