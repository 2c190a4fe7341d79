// Whole set-ups and what becomes of them. Each folder of testdata/ is a file system: what is read, and in expected/ what
// is written and told. MERLON_UPDATE=1 writes expected/ afresh, to be read before it is committed.

import assert from 'node:assert/strict'
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from '../config/load.ts'
import { formatProblem } from '../lib/problem.ts'
import { createWaf, type FilePort } from '../waf/index.ts'
import { type Converted, convertSetup } from './convert.ts'

const options = { upstream: 'http://127.0.0.1:3000' }
const testdata = join(import.meta.dirname, 'testdata')

function rootedAt(root: string): FilePort {
  return {
    read: path => readFileSync(join(root, path)),
    glob(pattern) {
      if (!/[*?[]/.test(pattern)) return isFile(join(root, pattern)) ? [pattern] : []
      const found = globSync(join(root, pattern)).filter(isFile)
      return found.map(path => path.slice(root.length)).sort()
    },
    resolve: (from, path) => (isAbsolute(path) ? path : join(dirname(from), path)),
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function convert(name: string, path: string): Converted {
  const converted = convertSetup(path, rootedAt(join(testdata, name)), options)
  assert.ok(typeof converted !== 'string', String(converted))
  return converted
}

function textsOf({ files, notes }: Converted): Record<string, string> {
  const written = files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('utf8')] as const)
  return { ...Object.fromEntries(written), 'notes.txt': `${notes.map(formatProblem).join('\n')}\n` }
}

const setups: readonly (readonly [name: string, path: string])[] = [
  ['nginx', '/etc/nginx'],
  ['apache', '/etc/apache2/apache2.conf'],
  ['modsecurity', '/etc/modsec/main.conf'],
]

for (const [name, path] of setups) {
  describe(name, () => {
    const converted = convert(name, path)
    const texts = textsOf(converted)
    const expected = join(testdata, name, 'expected')
    if (process.env['MERLON_UPDATE'] === '1') {
      rmSync(expected, { recursive: true, force: true })
      mkdirSync(expected)
      for (const [file, text] of Object.entries(texts)) writeFileSync(join(expected, file), text)
    }

    it('writes and tells what is expected', () => {
      const want = readdirSync(expected).map(file => [file, readFileSync(join(expected, file), 'utf8')])
      assert.deepEqual(texts, Object.fromEntries(want))
    })

    it('writes a config without a problem', () => {
      const parsed = parseConfig(texts['merlon.yaml'] ?? '', { file: 'merlon.yaml', dir: '/' })
      assert.deepEqual(parsed.ok ? [] : parsed.problems.map(formatProblem), [])
    })

    it('writes rules that load', () => {
      for (const [file, text] of Object.entries(texts)) {
        if (!file.endsWith('.conf')) continue
        const made = createWaf({
          rules: [{ name: file, text }],
          ports: { files: rootedAt(join(testdata, name)), now: Date.now },
        })
        assert.ok(made.ok, made.ok ? '' : made.problems.map(formatProblem).join('\n'))
      }
    })
  })
}

describe('what is not there', () => {
  it('is told', () => {
    assert.match(String(convertSetup('/none', rootedAt(testdata), options)), /there is no such file/)
  })
})

describe('whatever the files hold', () => {
  const pieces = [
    ...[
      'server {',
      'location / {',
      '}',
      ';',
      'listen 80;',
      'modsecurity on;',
      "modsecurity_rules '",
      '"',
      "'",
      '#',
      '\\',
      '\n',
    ],
    ...[
      '<VirtualHost *:80>',
      '</VirtualHost>',
      '<Location /a>',
      'ProxyPass / http://a',
      '<',
      '>',
      'Include ',
      '\u0024{X}',
    ],
    ...['SecRule ARGS "@rx a" "id:1,chain"', 'SecRuleEngine On', 'Include *', 'Include main.conf', '\0', '\ufeff', 'é'],
  ]
  const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8 })), { maxLength: 60 })

  it('converting ends without a throw, with a config that has no problem', () => {
    fc.assert(
      fc.property(text, parts => {
        const port: FilePort = {
          read: () => Buffer.from(parts.join(' ')),
          glob: pattern => (pattern.includes('*') || pattern.endsWith('main.conf') ? ['/main.conf'] : []),
          resolve: (_from, path) => path,
        }
        const converted = convertSetup('/main.conf', port, options)
        assert.ok(typeof converted !== 'string')
        const yaml = textsOf(converted)['merlon.yaml'] ?? ''
        const parsed = parseConfig(yaml, { file: 'merlon.yaml', dir: '/' })
        assert.deepEqual(parsed.ok ? [] : parsed.problems.map(formatProblem), [], yaml)
      }),
      { numRuns: 300 },
    )
  })
})
