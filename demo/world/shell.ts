// A small POSIX-like shell on the demo's file tree. `/ping` hands it a command line glued together from user input, so
// `;`, `|`, `&&`, `$(…)`, backticks, `$IFS` and quotes do what they do in sh; but the commands are these few and ours.

import type { FileTree } from './file-tree.ts'

export interface Shell {
  run(line: string): string
}

const maxLine = 8_192
const maxCommands = 50
const maxOutput = 16_384

type Command = (args: readonly string[], input: string) => string

export const shellEnvironment: Readonly<Record<string, string>> = {
  HOME: '/srv/shop',
  USER: 'www-data',
  PATH: '/usr/bin:/bin',
  SHOP_SECRET: 'postern-demo-secret-7f3a',
  DB_PASSWORD: 'demo-db-password',
  IFS: ' ',
}

export function createShell(files: FileTree): Shell {
  const commands = commandsOn(files)
  return { run: line => new Run(commands, files).run(line, 0).slice(0, maxOutput) }
}

function commandsOn(files: FileTree): ReadonlyMap<string, Command> {
  const home = '/srv/shop'
  const read = (name: string) =>
    files.readText(files.resolve(home, name)) ?? `cat: ${name}: No such file or directory\n`
  const operands = (args: readonly string[]) => args.filter(arg => !arg.startsWith('-'))
  const cat: Command = (args, input) => (operands(args).length === 0 ? input : operands(args).map(read).join(''))
  const lines = (args: readonly string[], input: string) =>
    cat(
      args.filter(arg => !/^\d+$/.test(arg)),
      input,
    ).split('\n')
  return new Map<string, Command>([
    ['ping', args => `PING ${operands(args).at(-1) ?? ''}: 56 data bytes\n64 bytes: seq=0 ttl=64 time=0.04 ms\n`],
    ['echo', args => `${args.join(' ')}\n`],
    ['printf', args => (args[0] ?? '').replaceAll('\\n', '\n')],
    ['id', () => 'uid=33(www-data) gid=33(www-data) groups=33(www-data)\n'],
    ['whoami', () => 'www-data\n'],
    ['hostname', () => 'postern-1\n'],
    ['uname', args => (args.includes('-a') ? 'Linux postern-1 6.1.0 x86_64 GNU/Linux\n' : 'Linux\n')],
    ['pwd', () => `${home}\n`],
    [
      'env',
      () =>
        `${Object.entries(shellEnvironment)
          .map(([key, value]) => `${key}=${value}`)
          .join('\n')}\n`,
    ],
    ['ls', args => `${files.list(files.resolve(home, operands(args)[0] ?? '.')).join('\n')}\n`],
    ['head', (args, input) => `${lines(args, input).slice(0, 10).join('\n')}\n`],
    ['tail', (args, input) => `${lines(args, input).slice(-10).join('\n')}\n`],
    ['cat', cat],
    ['sleep', () => ''],
    ['true', () => ''],
  ])
}

class Run {
  readonly #commands: ReadonlyMap<string, Command>
  readonly #files: FileTree
  #count = 0

  constructor(commands: ReadonlyMap<string, Command>, files: FileTree) {
    this.#commands = commands
    this.#files = files
  }

  run(line: string, depth: number): string {
    if (line.length > maxLine || depth > 8) return 'sh: line too long\n'
    let output = ''
    for (const pipeline of split(line, /^(?:&&|\|\||;|&|\r?\n)/)) {
      let input = ''
      for (const command of split(pipeline, /^\|/)) input = this.#one(command, input, depth)
      output += input
      if (output.length > maxOutput) break
    }
    return output
  }

  #one(text: string, input: string, depth: number): string {
    if (++this.#count > maxCommands) return ''
    const words = this.#words(text, depth)
    const redirect = words.indexOf('<')
    const [source] = redirect >= 0 ? words.splice(redirect, 2).slice(1) : []
    const fed = source === undefined ? input : (this.#files.readText(this.#files.resolve('/srv/shop', source)) ?? '')
    const [name, ...args] = words
    if (name === undefined) return ''
    const command = this.#commands.get(name.slice(name.lastIndexOf('/') + 1))
    return command ? command(args, fed) : `sh: ${name}: not found\n`
  }

  /** Splits into words and expands: quotes, backslash, variables and command substitution. */
  #words(text: string, depth: number): string[] {
    const words: string[] = []
    let word: string | undefined
    let quote = ''
    for (let at = 0; at < text.length; at++) {
      const c = text.charAt(at)
      if (c === '\\' && quote !== "'") word = (word ?? '') + text.charAt(++at)
      else if (c === quote) quote = ''
      else if (quote === '' && (c === '"' || c === "'")) {
        quote = c
        word ??= ''
      } else if (quote !== "'" && (c === '$' || c === '`')) {
        const [value, end] = this.#expand(text, at, depth)
        at = end
        if (quote !== '') word = (word ?? '') + value
        else
          for (const [index, part] of value.split(/[ \t\n]+/).entries()) {
            if (index > 0 && word) words.push(word)
            word = index > 0 ? part : (word ?? '') + part
          }
      } else if (quote === '' && (c === ' ' || c === '\t' || c === '<')) {
        if (word) words.push(word)
        word = undefined
        if (c === '<') words.push('<')
      } else word = (word ?? '') + c
    }
    if (word) words.push(word)
    return words
  }

  /** What stands for `$…` or a backtick at `at`, and where it ends. */
  #expand(text: string, at: number, depth: number): [string, number] {
    const rest = text.slice(at)
    const command = /^(?:\$\(([^)]*)\)|`([^`]*)`)/.exec(rest)
    if (command) return [this.run(command[1] ?? command[2] ?? '', depth + 1).trimEnd(), at + command[0].length - 1]
    const variable = /^\$(?:\{(\w+)\}|(\w+))/.exec(rest)
    if (!variable) return [text.charAt(at), at]
    const name = variable[1] ?? variable[2] ?? ''
    const value = Object.hasOwn(shellEnvironment, name) ? (shellEnvironment[name] ?? '') : ''
    return [value, at + variable[0].length - 1]
  }
}

/** Splits at a separator that stands outside quotes and substitutions. */
function split(text: string, separator: RegExp): string[] {
  const parts: string[] = []
  let start = 0
  let quote = ''
  let open = 0
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at)
    if (c === '\\' && quote !== "'") at++
    else if (quote !== '') quote = c === quote ? '' : quote
    else if (c === '"' || c === "'" || c === '`') quote = c
    else if (c === '(') open++
    else if (c === ')') open = Math.max(0, open - 1)
    else if (open === 0) {
      const match = separator.exec(text.slice(at, at + 2))
      if (!match) continue
      parts.push(text.slice(start, at))
      at += match[0].length - 1
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
