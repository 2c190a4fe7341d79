// The launcher, on a copy of its scripts with an old `node` and a counting `npm` on PATH, so that nothing is downloaded.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A checkout as the launcher sees it, and a PATH with tools that only write down what they are asked. */
function checkout(options: { readonly npm?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-boot-'))
  folders.push(folder)
  for (const file of ['bin/merlon', 'tools/bootstrap.sh', 'tools/with-node.sh', 'tools/same-lock.mjs']) {
    cpSync(join(root, file), join(folder, file))
  }
  mkdirSync(join(folder, 'src/cli'), { recursive: true })
  writeFileSync(join(folder, 'src/cli/main.ts'), 'console.log(JSON.stringify(process.argv.slice(2)))\n')
  writeFileSync(join(folder, 'package-lock.json'), '{"packages":{"":{},"node_modules/a":{"version":"1.0.0"}}}')
  const tools = join(folder, 'path')
  mkdirSync(tools)
  writeFileSync(join(tools, 'node'), '#!/bin/sh\necho v20.20.2\n')
  writeFileSync(join(tools, 'npm'), options.npm ?? fakeNpm)
  chmodSync(join(tools, 'node'), 0o755)
  chmodSync(join(tools, 'npm'), 0o755)
  return { folder, log: () => readLog(join(folder, 'npm.log')) }
}

// Does what npm would, from this machine: a Node that is a link to the running one, and a node_modules.
const fakeNpm = `#!/bin/sh
here=$(dirname "$0")/..
echo "$@" >>"$here/npm.log"
sleep 0.3
case $1 in
  install)
    while [ "$1" != --prefix ]; do shift; done
    bin=$2/node_modules/\${3%@24}/bin
    mkdir -p "$bin" && ln -s "${process.execPath}" "$bin/node" ;;
  ci) mkdir -p node_modules ;;
  run) mkdir -p dist ;;
esac
`

function readLog(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
}

async function start(folder: string, program: string, args: readonly string[], cwd = folder) {
  const child = spawn('/bin/sh', [program, ...args], {
    cwd,
    env: { PATH: `${join(folder, 'path')}:/usr/bin:/bin`, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => (stdout += chunk))
  child.stderr.on('data', chunk => (stderr += chunk))
  const code = await new Promise(resolve => child.on('close', resolve))
  return { code, stdout, stderr }
}

describe('the launcher', () => {
  test('the first start brings Node and the dependencies, the second needs nothing', async () => {
    const { folder, log } = checkout()
    const first = await start(folder, 'bin/merlon', ['status', 'a b', ''])
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual(JSON.parse(first.stdout), ['status', 'a b', ''])
    assert.match(first.stderr, /^merlon: getting Node 24 .*\nmerlon: installing the dependencies .*\n$/)
    assert.equal(log().length, 2)

    const begin = performance.now()
    const second = await start(folder, 'bin/merlon', [])
    assert.equal(second.stderr, '')
    assert.ok(performance.now() - begin < 20_000)
    assert.equal(log().length, 2, 'npm was not asked again')
  })

  test('works from another folder, and through symlinks', async () => {
    const { folder } = checkout()
    mkdirSync(join(folder, 'elsewhere/deep'), { recursive: true })
    symlinkSync('../../bin/merlon', join(folder, 'elsewhere/deep/link'))
    symlinkSync(join(folder, 'elsewhere/deep/link'), join(folder, 'link2'))
    for (const [program, cwd] of [
      [join(folder, 'link2'), '/'],
      ['link', join(folder, 'elsewhere/deep')],
      ['merlon', join(folder, 'bin')],
    ] as const) {
      const { code, stdout, stderr } = await start(folder, program, ['x'], cwd)
      assert.equal(code, 0, stderr)
      assert.equal(stdout, '["x"]\n')
    }
  })

  test('two first starts at once take turns', async () => {
    const { folder, log } = checkout()
    const both = await Promise.all([start(folder, 'bin/merlon', ['1']), start(folder, 'bin/merlon', ['2'])])
    for (const { code, stderr } of both) assert.equal(code, 0, stderr)
    assert.deepEqual(both.map(({ stdout }) => stdout).sort(), ['["1"]\n', '["2"]\n'])
    assert.equal(both.filter(({ stderr }) => stderr.includes('waiting for it')).length, 1)
    assert.equal(log().length, 2, 'one install and one ci')
    assert.ok(!existsSync(join(folder, '.runtime/lock')))
  })

  test('a lock whose owner is gone is taken over', async () => {
    const { folder } = checkout()
    mkdirSync(join(folder, '.runtime/lock'), { recursive: true })
    writeFileSync(join(folder, '.runtime/lock/pid'), '999999999\n')
    const { code, stderr } = await start(folder, 'bin/merlon', [])
    assert.equal(code, 0, stderr)
  })

  test('a failed step ends the start with what npm said, and the next start tries again', async () => {
    const { folder } = checkout({ npm: '#!/bin/sh\necho no network >&2\nexit 1\n' })
    const { code, stdout, stderr } = await start(folder, 'bin/merlon', [])
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /npm could not get node-[a-z0-9-]+@24\nno network\n$/)
    writeFileSync(join(folder, 'path/npm'), fakeNpm)
    assert.equal((await start(folder, 'bin/merlon', [])).code, 0)
  })

  test('dependencies change with the lock file', async () => {
    const { folder, log } = checkout()
    await start(folder, 'bin/merlon', [])
    writeFileSync(join(folder, 'package-lock.json'), '{"packages":{"":{},"node_modules/b":{"version":"1.0.0"}}}')
    await start(folder, 'bin/merlon', [])
    assert.deepEqual(
      log().map(line => line.split(' ')[0]),
      ['install', 'ci', 'ci'],
    )
  })

  test('what somebody installed by hand is kept when it is what the lock file asks for', async () => {
    const { folder, log } = checkout()
    mkdirSync(join(folder, 'node_modules'))
    writeFileSync(
      join(folder, 'node_modules/.package-lock.json'),
      '{"packages":{"node_modules/a":{"version":"1.0.0"}}}',
    )
    await start(folder, 'bin/merlon', [])
    assert.deepEqual(
      log().map(line => line.split(' ')[0]),
      ['install'],
    )
  })

  test('a published package runs dist/ and asks npm for nothing but Node', async () => {
    const { folder, log } = checkout()
    rmSync(join(folder, 'src'), { recursive: true })
    rmSync(join(folder, 'package-lock.json'))
    mkdirSync(join(folder, 'dist/cli'), { recursive: true })
    writeFileSync(join(folder, 'dist/cli/main.js'), 'console.log("dist")\n')
    const { stdout } = await start(folder, 'bin/merlon', [])
    assert.equal(stdout, 'dist\n')
    assert.deepEqual(
      log().map(line => line.split(' ')[0]),
      ['install'],
    )
  })

  test('the console is built when it is there and has changed', async () => {
    const { folder, log } = checkout()
    mkdirSync(join(folder, 'console'))
    writeFileSync(join(folder, 'console/package.json'), '{}')
    const commands = () => log().map(line => line.split(' ')[0])
    await start(folder, 'bin/merlon', [])
    await start(folder, 'bin/merlon', [])
    assert.deepEqual(commands(), ['install', 'ci', 'run'])
    await new Promise(resolve => setTimeout(resolve, 20))
    writeFileSync(join(folder, 'console/page.ts'), 'x')
    await start(folder, 'bin/merlon', [])
    assert.deepEqual(commands(), ['install', 'ci', 'run', 'run'])
  })
})
