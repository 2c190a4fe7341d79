// Builds the commander program: every command by name, the chosen one with its options. Turns whatever a command
// throws into a line on stderr and an exit code.

import { Command, CommanderError } from 'commander'
import { exitCode } from './action.ts'
import { commands } from './commands.ts'
import { CommandFailure, packageVersion, say } from './output.ts'

/** `merlon` with the named commands defined in full and the others by name and summary alone. */
export async function createProgram(defined: readonly string[]): Promise<Command> {
  const program = new Command('merlon')
    .description('Merlon puts a gateway in front of web applications and APIs that refuses attacks.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .usage('COMMAND [options]')
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride()
    .helpCommand(false)
  for (const entry of commands) {
    const command = program.command(entry.name).description(entry.summary).helpGroup(entry.group)
    if (defined.includes(entry.name)) (await entry.load()).define(command)
  }
  program.addHelpText(
    'after',
    `
Start here:
  merlon demo                           see it work, nothing to set up
  merlon protect http://127.0.0.1:3000  put it in front of your application
  merlon COMMAND --help                 options and examples of a command

Exit codes: 0 good, 1 what was checked or asked for is bad, 2 usage.`,
  )
  return program
}

export async function runCli(argv: readonly string[]): Promise<number> {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  const program = await createProgram(words.slice(0, 1))
  if (argv.length === 0) {
    program.outputHelp({ error: true })
    return 2
  }
  try {
    await program.parseAsync([...words], { from: 'user' })
    return exitCode()
  } catch (error) {
    if (error instanceof CommanderError) {
      const asked = ['commander.helpDisplayed', 'commander.version'].includes(error.code)
      return asked ? 0 : 2
    }
    if (error instanceof CommandFailure) {
      say(error.message)
      return error.exitCode
    }
    say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return 1
  }
}
