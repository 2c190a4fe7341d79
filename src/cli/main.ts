// Entry of the command line: `merlon COMMAND`. Exit codes: 0 good, 1 what was checked or asked for is bad, 2 usage.

import { runCli } from './program.ts'

// A reader that has seen enough (`| head`) closes the pipe: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
  throw error
})
// Nobody can be told. A gateway must not end with the terminal or the log reader that listened to it.
process.stderr.on('error', () => {})

process.exitCode = await runCli(process.argv.slice(2))
