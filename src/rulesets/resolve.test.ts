import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { type ResolveOptions, resolveRules } from './resolve.ts'
import { versionIn } from './version.ts'

const root = mkdtempSync(join(tmpdir(), 'merlon-rulesets-'))
after(() => rmSync(root, { recursive: true }))

const nowhere = { etc: join(root, 'no-etc'), share: join(root, 'no-share') }

function files(name: string, entries: Record<string, string>): string {
  const folder = join(root, name)
  for (const [path, text] of Object.entries(entries)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Sources below the folder, relative to it; inline ones by name. */
function load(folder: string, options: Partial<ResolveOptions>): string[] {
  const result = resolveRules({ rules: [folder], debian: nowhere, ...options })
  assert.ok(result.ok, JSON.stringify(result))
  return result.sources.slice(1).map(source => ('path' in source ? source.path.slice(folder.length + 1) : source.name))
}

function refusal(options: ResolveOptions): string {
  const result = resolveRules({ debian: nowhere, ...options })
  assert.ok(!result.ok)
  return result.problems.map(({ file, message, hint }) => `${file}: ${message} (${hint})`).join('\n')
}

const signature = 'SecComponentSignature "OWASP_CRS/4.28.0"\n'
const crs4 = files('crs4', {
  'crs-setup.conf.example': '',
  'rules/REQUEST-901-INITIALIZATION.conf': signature,
  'rules/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf.example': '',
  'rules/REQUEST-949-BLOCKING-EVALUATION.conf': '',
  'rules/words.data': '',
  'plugins/a-before.conf': '',
  'plugins/a-config.conf': '',
  'plugins/a-after.conf': '',
  'plugins/README.md': '',
})

test('a CRS folder loads set-up, values, plugins and rules in this order', () => {
  const settings = [{ name: 'profile', text: '' }]
  assert.deepEqual(load(crs4, { paranoia: 2, settings }), [
    'crs-setup.conf.example',
    'plugins/a-config.conf',
    'set-up values',
    'profile',
    'plugins/a-before.conf',
    'rules/REQUEST-901-INITIALIZATION.conf',
    'rules/REQUEST-949-BLOCKING-EVALUATION.conf',
    'plugins/a-after.conf',
  ])
})

test('a crs-setup.conf comes before its example', () => {
  const folder = files('crs-both', { 'crs-setup.conf': '', 'crs-setup.conf.example': '', 'rules/a.conf': '' })
  assert.deepEqual(load(folder, {}), ['crs-setup.conf', 'rules/a.conf'])
})

test('the rules folder of a CRS folder finds its set-up above', () => {
  const result = resolveRules({ rules: [join(crs4, 'rules')], debian: nowhere })
  assert.ok(result.ok)
  assert.deepEqual(result.sets[0]?.setup, [join(crs4, 'crs-setup.conf.example')])
})

test('our base settings come first, always', () => {
  const result = resolveRules({ rules: [crs4], debian: nowhere })
  assert.ok(result.ok)
  assert.match('path' in result.sources[0]! ? result.sources[0].path : '', /rules\/base\.conf$/)
})

test('values are set under the names of CRS 3 and CRS 4', () => {
  const result = resolveRules({ rules: [crs4], paranoia: 9, threshold: 7, debian: nowhere })
  assert.ok(result.ok)
  const text = result.sources.map(source => ('text' in source ? source.text : '')).join('')
  for (const name of [
    'paranoia_level',
    'executing_paranoia_level',
    'blocking_paranoia_level',
    'detection_paranoia_level',
  ])
    assert.ok(text.includes(`setvar:tx.${name}=4`), name)
  assert.ok(text.includes('setvar:tx.inbound_anomaly_score_threshold=7'))
})

test('a file, a folder of files and relative paths', () => {
  const folder = files('plain', { 'b.conf': '', 'a.conf': '', 'x.txt': '' })
  assert.deepEqual(load(folder, {}), ['a.conf', 'b.conf'])
  assert.deepEqual(load(folder, { rules: [join(folder, 'b.conf')] }), ['b.conf'])
  assert.deepEqual(load(folder, { rules: ['plain/a.conf', './plain/a.conf'], from: root }), ['a.conf', 'a.conf'])
})

test('crs: the installed one, else that of Debian', () => {
  const debian = {
    etc: files('etc', {
      'crs-setup.conf': 'setvar:tx.crs_setup_version=334',
      'RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf': '',
    }),
    share: files('share', { 'rules/REQUEST-901-INITIALIZATION.conf': '', 'owasp-crs.load': '' }),
  }
  const stateDir = files('state', {
    'rules/crs/crs-setup.conf': '',
    'rules/crs/rules/REQUEST-901-INITIALIZATION.conf': signature,
  })
  const version = (options: Partial<ResolveOptions>) => {
    const result = resolveRules({ rules: ['crs'], debian, ...options })
    return result.ok ? result.sets[0]?.version?.version : JSON.stringify(result.problems)
  }
  assert.equal(version({ stateDir: join(root, 'none') }), '3.3.4')
  assert.equal(version({ stateDir }), '4.28.0')
  assert.equal(version({ rules: [debian.share] }), '3.3.4')
})

test('what is missing is told with what to do', () => {
  assert.match(
    refusal({ rules: ['crs'], stateDir: root }),
    /^crs: .*not installed \(apt install modsecurity-crs, or merlon rules/,
  )
  assert.match(refusal({ rules: ['biultin'] }), /did you mean builtin\?/)
  assert.match(refusal({ rules: [join(root, 'none.conf')] }), /no such file or folder/)
  assert.match(refusal({ rules: [files('empty', { 'a.txt': '' })] }), /holds no \.conf file/)
  const bare = files('bare', { 'rules/REQUEST-901-INITIALIZATION.conf': '' })
  assert.match(refusal({ rules: [bare] }), /no crs-setup\.conf/)
  assert.match(refusal({ rules: [join(bare, 'rules')] }), /without their crs-setup\.conf/)
  assert.match(refusal({ rules: [] }), /no rule set is named/)
})

const statements: [string, string | undefined][] = [
  ['SecComponentSignature "OWASP_CRS/3.3.4"', 'OWASP_CRS 3.3.4'],
  [' # SecComponentSignature "OWASP_CRS/3.3.4"', undefined],
  ['SecAction "id:1,ver:\'OWASP_CRS/4.28.0-dev\',pass"', 'OWASP_CRS 4.28.0-dev'],
  ['setvar:tx.crs_setup_version=4280"', 'OWASP_CRS 4.28.0'],
  ['setvar:tx.crs_setup_version=334', 'OWASP_CRS 3.3.4'],
  ['SecRule ARGS x "id:1"', undefined],
]
for (const [text, want] of statements) {
  test(`version in ${text}`, () => {
    const found = versionIn(text)
    assert.equal(found && `${found.name} ${found.version}`, want)
  })
}
