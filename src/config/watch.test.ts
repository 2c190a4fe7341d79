// Real files: written in place, replaced by rename, reached through a symlink that is turned over.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchFiles } from './watch.ts'

const cases: [name: string, change: (folder: string) => void][] = [
  ['written in place', folder => writeFileSync(join(folder, 'merlon.yaml'), 'changed')],
  [
    'replaced by rename',
    folder => {
      writeFileSync(join(folder, 'new'), 'other')
      renameSync(join(folder, 'new'), join(folder, 'merlon.yaml'))
    },
  ],
  ['removed', folder => rmSync(join(folder, 'merlon.yaml'))],
  [
    'a symlink turned over',
    folder => {
      mkdirSync(join(folder, 'v2'))
      writeFileSync(join(folder, 'v2', 'merlon.yaml'), 'the next version')
      symlinkSync(join(folder, 'v2', 'merlon.yaml'), join(folder, 'link'))
      renameSync(join(folder, 'link'), join(folder, 'merlon.yaml'))
    },
  ],
]

for (const [name, change] of cases) {
  test(`a file ${name} is told once`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'merlon-watch-'))
    writeFileSync(join(folder, 'merlon.yaml'), 'first')
    let told = 0
    const watch = watchFiles([join(folder, 'merlon.yaml')], () => told++, { debounceMs: 20, pollMs: 50 })
    await sleep(60)
    assert.equal(told, 0)
    change(folder)
    for (let i = 0; i < 1000 && told === 0; i++) await sleep(20)
    await sleep(100)
    assert.equal(told, 1)
    watch.close()
  })
}

test('another file of the folder is not told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-watch-'))
  writeFileSync(join(folder, 'merlon.yaml'), 'first')
  let told = 0
  const watch = watchFiles([join(folder, 'merlon.yaml')], () => told++, { debounceMs: 10, pollMs: 30 })
  writeFileSync(join(folder, 'other.txt'), 'x')
  await sleep(120)
  assert.equal(told, 0)
  watch.close()
})
