// What commands say, and where: data on stdout, everything else on stderr.

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { formatProblem, type Problem } from '../lib/problem.ts'

/** Ends a command with a line on stderr. 1: what was asked for can't be done. 2: it was asked for wrongly. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** A file of another kind given as rules has a problem in each line: the first ones tell. */
const printedProblems = 50

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function printJson(data: unknown): void {
  print(JSON.stringify(data))
}

/** To the person at the terminal, on stderr. */
export function say(line: string): void {
  process.stderr.write(`merlon: ${line}\n`)
}

export function sayProblems(problems: readonly Problem[]): void {
  for (const problem of problems.slice(0, printedProblems)) process.stderr.write(`${formatProblem(problem)}\n`)
  const more = problems.length - printedProblems
  if (more > 0) process.stderr.write(`and ${more} more problems like these\n`)
}

/** Waits until what was written is on its way: for output that outruns its reader. */
export function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return stream.writableNeedDrain ? new Promise(resolve => stream.once('drain', resolve)) : Promise.resolve()
}

/** `Examples:` below the options. Each is a command and what it does. */
export function examples(command: Command, list: readonly (readonly [line: string, does: string])[]): void {
  const width = Math.max(...list.map(([line]) => line.length))
  const lines = list.map(([line, does]) => (width > 60 ? `  # ${does}\n  ${line}` : `  ${line.padEnd(width)}  ${does}`))
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
