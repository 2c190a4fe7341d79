// Policies with their places, and what is wrong with them.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { formatProblem } from '../lib/problem.ts'
import { createModel } from './model.ts'
import { parsePolicies, policyFilesMax, readPolicyFiles } from './policy-files.ts'
import { readsOf } from './reads.ts'
import { statementsOf } from './statements.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-policies-'))
after(() => rmSync(dir, { recursive: true }))
const shop = join(import.meta.dirname, '../contract/testdata/shop.yaml')
const routes = [{ name: 'shop', match: { host: undefined, path: undefined, methods: undefined }, openapi: shop }]

function problemsOf(text: string): string {
  writeFileSync(join(dir, 'p.cedar'), text)
  const made = createModel(routes, ['p.cedar'], dir)
  return (made.ok ? made.model.warnings : made.problems).map(formatProblem).join('\n')
}

const cases: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['good', 'permit(principal in Role::"admin", action, resource);', /^$/],
  ['syntax', '// é\n\npermit(principal action, resource);', /^p\.cedar:3:18: /],
  [
    'a name with a typo',
    'permit(principal, action == Action::"showOrdr", resource);',
    /^p\.cedar:1:29: .*unrecognized action.*showOrdr/,
  ],
  [
    'an attribute that there is not',
    'permit(principal, action, resource);\n  permit(principal, action == Action::"showOrder", resource)\n    when { resource.path.nr == principal.id };',
    /^p\.cedar:3:12: .*`path\.nr`/,
  ],
  [
    'of another type',
    'permit(principal, action == Action::"placeOrder", resource) when { resource.body.tags == "x" };',
    /^p\.cedar:1:/,
  ],
  [
    'optional without asking',
    'permit(principal, action == Action::"placeOrder", resource) when { resource.body.gift };',
    /^p\.cedar:1:68/,
  ],
  [
    'optional, asked for',
    'permit(principal, action == Action::"placeOrder", resource) when { resource.body has gift && resource.body.gift };',
    /^$/,
  ],
  [
    'an id twice',
    '@id("a") permit(principal, action, resource);\n@id("a") forbid(principal, action, resource);',
    /^p\.cedar:2:1: .*already at p\.cedar:1/,
  ],
  ['a template', 'permit(principal == ?principal, action, resource);', /is a template/],
  ['never true', 'permit(principal, action, resource) when { false };', /^p\.cedar:1:1: warning .*impossible/],
  ['no end', 'permit(principal, action, resource)', /^p\.cedar:1:/],
]

for (const [name, text, problem] of cases) {
  test(name, () => assert.match(problemsOf(text), problem))
}

test('a pattern that leads to nothing is a problem', () => {
  const made = createModel(routes, ['none/*.cedar'], dir)
  assert.ok(!made.ok && made.problems[0]?.message === 'no such file of policies')
})

test('as many files as may be, and one more', () => {
  const many = mkdtempSync(join(dir, 'many-'))
  for (let i = 0; i < policyFilesMax; i++) writeFileSync(join(many, `${i}.cedar`), '')
  assert.deepEqual(readPolicyFiles(['*.cedar'], many).problems, [])
  writeFileSync(join(many, 'more.cedar'), '')
  assert.match(readPolicyFiles(['*.cedar'], many).problems[0]?.message ?? '', /more than 1000 files/)
})

test('statements end where Cedar ends them', () => {
  const text = '// a;\n  permit(x) // ;\n when { "a;\\";" };@id("b;")\nforbid(y);\n'
  assert.deepEqual(
    statementsOf(text).map(({ line, column, text }) => [line, column, text.split('\n')[0]]),
    [
      [2, 3, 'permit(x) // ;'],
      [3, 19, '@id("b;")'],
    ],
  )
})

const reads: readonly (readonly [condition: string, reads: readonly string[]])[] = [
  ['principal.id == resource.path.id', ['principal.id', 'resource.path.id']],
  ['context.ip.isInRange(ip("10.0.0.0/8")) && context has acr', ['context.ip', 'context.acr']],
  ['resource == Order::"4"', ['resource']],
  ['resource.body has ship.country', ['resource.body.ship.country']],
  ['{a: context} == {a: context}', ['context']],
  ['if context.mtls then resource["path"]["id"] like "a*" else false', ['context.mtls', 'resource.path.id']],
]

for (const [condition, wanted] of reads) {
  test(`looks at: ${condition}`, () => {
    const { policies, problems } = parsePolicies([
      { name: 'p', text: `permit(principal, action, resource) when { ${condition} };` },
    ])
    assert.deepEqual(problems, [])
    assert.deepEqual(
      policies[0]?.reads.map(read => read.join('.')),
      wanted,
    )
  })
}

test('which grants a policy asks for', () => {
  const text = `permit(principal in Role::"a", action, resource in Order::"1")
    when { principal in Group::"g" && principal.scopes.containsAny(["s", "t"]) || context.scopes.contains("u") };`
  const [policy] = parsePolicies([{ name: 'p', text }]).policies
  assert.ok(policy)
  const { roles, groups, scopes, reads: found } = readsOf(policy.json)
  assert.deepEqual([roles, groups, scopes], [['a'], ['g'], ['s', 't', 'u']])
  assert.ok(
    found.some(read => read.join() === 'resource'),
    'its scope names one resource',
  )
})
