// libmodsecurity 3 with the Core Rule Set as Debian ships them, in process, through a small C driver. It is built into a
// temporary folder when the compiler and the library's headers are there.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchRequests } from '../requests.ts'

const variants = 24
const crsRules = '/usr/share/modsecurity-crs/rules'
const crsSetup = '/etc/modsecurity/crs/crs-setup.conf'

/** µs a transaction by kind of request, or why it can't be measured. */
export function benchLibModSecurity(): ReadonlyMap<string, number> | string {
  if (!existsSync('/usr/include/modsecurity/modsecurity.h')) return 'apt install libmodsecurity-dev gcc'
  if (!existsSync(crsRules)) return 'apt install modsecurity-crs'
  const folder = mkdtempSync(join(tmpdir(), 'merlon-rival-'))
  try {
    const driver = join(folder, 'driver')
    const source = join(import.meta.dirname, 'libmodsecurity.c')
    const built = spawnSync('cc', ['-O2', '-o', driver, source, '-lmodsecurity'], { encoding: 'utf8' })
    if (built.status !== 0) return `the driver does not build: ${built.stderr || built.error?.message}`
    const rules = join(folder, 'rules.conf')
    writeFileSync(rules, rulesFile())
    const run = spawnSync(driver, [rules], { input: input(), encoding: 'utf8', maxBuffer: 1 << 20, timeout: 300_000 })
    if (run.status !== 0) return `the driver failed: ${run.stderr}`
    return new Map(
      run.stdout
        .trim()
        .split('\n')
        .map(line => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function rulesFile(): string {
  return [
    'SecRuleEngine On',
    'SecRequestBodyAccess On',
    'SecResponseBodyAccess Off',
    'SecAuditEngine Off',
    'SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"',
    `Include ${crsSetup}`,
    `Include ${crsRules}/*.conf`,
    '',
  ].join('\n')
}

function input(): string {
  const all = Array.from({ length: variants }, (_, i) => benchRequests(i)).flat()
  return all
    .map(({ name, method, target, headers, body }) => {
      const lines: string[] = []
      for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}\t${headers[i + 1]}\n`)
      return `${name} ${method} ${target} ${lines.length} ${Buffer.byteLength(body)}\n${lines.join('')}${body}`
    })
    .join('')
}
