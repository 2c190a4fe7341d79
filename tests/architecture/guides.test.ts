// What the guides and the README show is true: each block of YAML is a config, or a part of one, that loads, or a test
// file; each block of SecLang is rules that load; each link leads to a file, each command exists.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { commands } from '../../src/cli/commands.ts'
import { parseConfig } from '../../src/config/load.ts'
import { parseTests } from '../../src/ftw/parse.ts'
import { formatProblem } from '../../src/lib/problem.ts'
import { createWaf } from '../../src/waf/index.ts'
import { nodePorts } from '../../src/waf/node.ts'

const root = join(import.meta.dirname, '../..')
const pages = globSync(['README.md', 'docs/guide/*.md'], { cwd: root }).sort()

/** What a part of a config leaves out, so that it stands for a whole one. */
const rest: Readonly<Record<string, string>> = {
  listen: 'listen: [{ http: "127.0.0.1:8080" }]',
  upstreams: 'upstreams: { app: { servers: ["http://127.0.0.1:3000"] } }',
  routes: 'routes: [{ to: app }]',
}

interface Block {
  readonly language: string
  readonly line: number
  readonly text: string
}

function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  const fences = /^```(\w*)\n([\s\S]*?)^```$/gm
  for (const match of page.matchAll(fences)) {
    const line = page.slice(0, match.index).split('\n').length
    blocks.push({ language: match[1] ?? '', line, text: match[2] ?? '' })
  }
  return blocks
}

function configProblems(text: string): string[] {
  const given = parse(text)
  const missing = Object.keys(rest).filter(key => !(key in given))
  const whole = [text, ...missing.map(key => rest[key])].join('\n')
  const parsed = parseConfig(whole, { file: 'merlon.yaml', dir: root })
  return parsed.ok ? parsed.warnings.map(formatProblem) : parsed.problems.map(formatProblem)
}

function problemsOf({ language, text }: Block): string[] {
  if (language === 'apache') {
    const made = createWaf({ rules: [{ name: 'block.conf', text }], ports: nodePorts() })
    return (made.ok ? made.warnings : made.problems).map(formatProblem)
  }
  if (language !== 'yaml') return []
  if (/^rule_id:/m.test(text)) return parseTests('block.yaml', text).problems.map(formatProblem)
  return configProblems(text)
}

const names = new Set(commands.map(command => command.name))

describe('what the guides show is true', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8')
    test(page, () => {
      for (const block of blocksOf(text)) {
        assert.deepEqual(problemsOf(block), [], `the block at ${page}:${block.line}`)
      }
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^https?:/.test(target)) continue
        assert.ok(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`)
      }
      for (const [, name = ''] of text.matchAll(/^(?:\$ |.*\| |)(?:bin\/)?merlon ([a-z]+)/gm)) {
        assert.ok(names.has(name), `${page} names the command ${name}`)
      }
    })
  }
})
