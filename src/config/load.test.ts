// Config files under testdata/: each good one gives the config beside it (.expected.json), each bad one exactly the
// problems beside it (.expected). `UPDATE=1` writes them anew; read the diff before you commit it.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { formatProblem } from '../lib/problem.ts'
import { defaultLimits } from '../pipeline/limits.ts'
import { loadConfig, parseConfig } from './load.ts'

const testdata = join(import.meta.dirname, 'testdata')
const update = process.env['UPDATE'] !== undefined

function expected(file: string, actual: string): void {
  if (update || !existsSync(file)) writeFileSync(file, actual)
  assert.equal(actual, readFileSync(file, 'utf8'))
}

/** Limits as they differ from the defaults, so that a new limit does not change these files. */
function changedLimits(key: string, value: unknown): unknown {
  if (key !== 'limits') return value
  const defaults: Record<string, number> = defaultLimits
  return Object.fromEntries(Object.entries(Object(value)).filter(([name, limit]) => limit !== defaults[name]))
}

describe('good configs', () => {
  for (const name of readdirSync(join(testdata, 'good')).filter(file => file.endsWith('.yaml'))) {
    test(name, () => {
      const text = readFileSync(join(testdata, 'good', name), 'utf8')
      const result = parseConfig(text, { file: name, dir: '/etc/merlon' })
      assert.ok(result.ok, result.ok ? '' : result.problems.map(formatProblem).join('\n'))
      const { workers, ...config } = result.config
      assert.ok(workers >= 1)
      const written = JSON.stringify(config, changedLimits, 2)
      expected(join(testdata, 'good', name.replace('.yaml', '.expected.json')), `${written}\n`)
    })
  }
})

describe('bad configs', () => {
  for (const name of readdirSync(join(testdata, 'bad')).filter(file => file.endsWith('.yaml'))) {
    test(name, () => {
      const result = loadConfig(join(testdata, 'bad', name), name)
      assert.ok(!result.ok, 'it must not load')
      expected(
        join(testdata, 'bad', name.replace('.yaml', '.expected')),
        `${result.problems.map(formatProblem).join('\n')}\n`,
      )
    })
  }
})

test('the lowest of gateway, route and guard is the mode', () => {
  const modes = ['protect', 'monitor', 'off'] as const
  for (const [g, gateway] of modes.entries()) {
    for (const [r, route] of modes.entries()) {
      for (const [s, section] of modes.entries()) {
        const text = `mode: ${gateway}\nlisten: [{ http: ":0" }]\nupstreams: { a: { servers: ["http://a"] } }
routes: [{ to: a, mode: ${route}, guards: { rate: { mode: ${section} } } }]`
        const result = parseConfig(text, { file: 'x', dir: '/' })
        assert.ok(result.ok)
        assert.equal(result.config.routes[0]?.guards['rate']?.mode, modes[Math.max(g, r, s)])
      }
    }
  }
})

test('a file that is not there, and a folder, are problems', () => {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-config-'))
  for (const path of [join(folder, 'none.yaml'), folder]) {
    const result = loadConfig(path)
    assert.ok(!result.ok)
    assert.equal(result.problems[0]?.code, 'config.unreadable')
  }
})

test('trust that is too wide is warned of', () => {
  const warned = (network: string) => {
    const text = JSON.stringify({
      listen: [{ http: ':0' }],
      upstreams: { app: { servers: ['http://127.0.0.1:1'] } },
      routes: [{ to: 'app' }],
      trustedProxies: [network],
    })
    const parsed = parseConfig(text, { file: 'merlon.yaml', dir: '/' })
    return parsed.ok && parsed.warnings.some(({ code }) => code === 'config.wide-trust')
  }
  for (const network of ['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/9', '::/0', '2000::/3', '2400::/12']) {
    assert.ok(warned(network), network)
  }
  for (const network of ['10.0.0.0/8', '104.16.0.0/13', '192.0.2.1', '2400:cb00::/32', 'fc00::/7', '::1']) {
    assert.ok(!warned(network), network)
  }
})
