// All that the shop's routes work on, made afresh for each shop: data, files, network, shell and script names. The holes
// are real holes into this small world; there is no way from it into the machine.

import { Database } from './database.ts'
import { FileTree } from './file-tree.ts'
import { Internet } from './internet.ts'
import type { ScriptObject } from './script.ts'
import { createGlobals } from './script-globals.ts'
import { createShell, type Shell } from './shell.ts'

export interface World {
  readonly database: Database
  readonly files: FileTree
  readonly internet: Internet
  readonly shell: Shell
  readonly globals: ScriptObject
  close(): Promise<void>
}

export async function openWorld(): Promise<World> {
  const database = new Database()
  const files = new FileTree()
  const internet = await Internet.open(files)
  const shell = createShell(files)
  const close = async () => {
    database.close()
    await internet.close()
  }
  return { database, files, internet, shell, globals: createGlobals(files, shell), close }
}
