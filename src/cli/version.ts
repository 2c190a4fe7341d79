// merlon version

import type { Command } from 'commander'
import { action } from './action.ts'
import { packageVersion, print, printJson } from './output.ts'

export function define(command: Command): void {
  command.option('--json', 'print version, Node and platform as JSON').action(
    action((options: { json?: true }) => {
      const version = packageVersion()
      if (options.json)
        printJson({ version, node: process.versions.node, platform: `${process.platform}-${process.arch}` })
      else print(`merlon ${version}`)
      return 0
    }),
  )
}
