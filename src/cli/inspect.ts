// merlon inspect: requests on stdin, one verdict a line on stdout, in the same order. No network, no state.

import { type Command, InvalidArgumentError } from 'commander'
import { createInspector, type Inspector } from '../inspect/inspector.ts'
import { parseRow } from '../inspect/row.ts'
import { action } from './action.ts'
import { type Line, readLines } from './lines.ts'
import { examples, flushed, say, sayProblems } from './output.ts'
import { type RulesOptions, rulesOptions } from './rules.ts'

interface InspectOptions extends RulesOptions {
  readonly threshold?: number
  readonly full?: true
}

/** As parseRow has it: more is no request that a gateway reads whole. */
const lineBytesMax = 16 * 1024 * 1024

export function define(command: Command): void {
  rulesOptions(command)
    .option('--threshold <n>', 'points at which a request is blocked (default: 5)', parseThreshold)
    .option('--full', 'evaluate every rule, also after the decision')
    .option('--json', 'accepted for uniformity: the output is always JSON')
    .action(action(inspect))
  command.addHelpText(
    'after',
    `
Each line of input is one request:
  {"id":"1","method":"GET","path":"/a?b=c","headers":{"host":"example.com"},"body":"…" or "bodyBase64":"…"}
Each line of output is its verdict, what protect mode would do:
  {"id","action":"allow"|"block","status","score","findings":[{"guard","code","rule","message","where","match","points"}],"us"}
A malformed line gives {"id","line","error"}, and exit 1 at the end.`,
  )
  examples(command, [
    ['merlon inspect < requests.ndjson', 'with the built-in rules'],
    ['zcat attacks.ndjson.gz | merlon inspect --rules crs | grep -c block', 'count what the Core Rule Set blocks'],
  ])
}

function parseThreshold(text: string): number {
  const points = Number(text)
  if (/^\d{1,5}$/.test(text) && points >= 1 && points <= 10_000) return points
  throw new InvalidArgumentError('Write a number from 1 to 10000.')
}

async function inspect({ rules, paranoia, threshold, full }: InspectOptions): Promise<number> {
  const created = createInspector({
    rules,
    ...(paranoia !== undefined && { paranoia }),
    ...(threshold !== undefined && { threshold }),
    ...(full && { full }),
  })
  if (!created.ok) {
    sayProblems(created.problems)
    return 1
  }
  sayProblems(created.warnings)
  if (process.stdin.isTTY) say('reading requests from the terminal, one a line; Ctrl-D ends')
  const judge = new Judge(created.inspector)
  for await (const lines of readLines(process.stdin, lineBytesMax)) {
    let output = ''
    for (const line of lines) output += judge.line(line)
    process.stdout.write(output)
    await flushed(process.stdout)
  }
  return judge.malformed > 0 ? 1 : 0
}

class Judge {
  malformed = 0
  readonly #inspector: Inspector
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })

  constructor(inspector: Inspector) {
    this.#inspector = inspector
  }

  line({ number, bytes }: Line): string {
    const text = this.#decode(bytes)
    if (text === '') return ''
    const row = text === undefined ? { id: null, error: unreadable(bytes) } : parseRow(text)
    if (!('error' in row)) return `${JSON.stringify(this.#inspector.inspect(row))}\n`
    this.malformed++
    return `${JSON.stringify({ id: row.id, line: number, error: row.error })}\n`
  }

  #decode(bytes: Uint8Array | undefined): string | undefined {
    try {
      return bytes && this.#decoder.decode(bytes).trim()
    } catch {
      return undefined
    }
  }
}

function unreadable(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? `the line is longer than ${lineBytesMax} bytes` : 'the line is not UTF-8'
}
