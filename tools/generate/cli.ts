// docs/generated/cli.md from the commands' own help.

import type { Command } from 'commander'
import { commands } from '../../src/cli/commands.ts'
import { createProgram } from '../../src/cli/program.ts'
import { notice } from './markdown.ts'

export async function cliPage(): Promise<string> {
  const program = await createProgram(commands.map(command => command.name))
  const sections = [program, ...program.commands.flatMap(withSubcommands)].map(section)
  return `${notice}
# Command line

${sections.join('\n\n')}
`
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)]
}

function section(command: Command): string {
  let help = ''
  command.configureOutput({
    writeOut: text => (help += text),
    getOutHelpWidth: () => 110,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return `## ${pathOf(command)}\n\n\`\`\`\n${help.trimEnd()}\n\`\`\``
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}
