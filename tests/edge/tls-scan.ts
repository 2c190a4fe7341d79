// testssl and sslscan against an https listener with default settings: no finding of severity LOW or above but those of
// the test's own authority and of what any such server has, which stand with their reasons in testdata/accepted.json.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuthority } from '../e2e/tls-harness.ts'
import { runTool, startProduct } from './product.ts'

interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

const testsslTimeoutMs = 900_000
const sslscanTimeoutMs = 120_000

/** What is wrong, one line each. */
export async function scanTls(print: (line: string) => void): Promise<string[]> {
  const missing = ['testssl', 'sslscan'].filter(tool => !existsSync(`/usr/bin/${tool}`))
  if (missing.length > 0) return [`not installed: ${missing.join(', ')}`]
  const authority = openAuthority()
  const pair = authority.issue('localhost', 'DNS:localhost,IP:127.0.0.1', 90)
  const product = await startProduct(([port]) => [{ https: `127.0.0.1:${port}`, cert: pair.cert, key: pair.key }], {
    headers: { response: { security: 'site' } },
  })
  const dir = mkdtempSync(join(tmpdir(), 'merlon-testssl-'))
  try {
    const [port = 0] = product.ports
    const json = join(dir, 'out.json')
    const options = ['--add-ca', authority.ca, '--jsonfile', json, '--warnings', 'off', '--color', '0', '--quiet']
    await runTool('testssl', [...options, '--ip', '127.0.0.1', `localhost:${port}`], testsslTimeoutMs)
    const findings = JSON.parse(readFileSync(json, 'utf8')) as Finding[]
    const scan = await runTool('sslscan', ['--no-colour', `127.0.0.1:${port}`], sslscanTimeoutMs)
    return [...judgeTestssl(findings, print), ...judgeSslscan(scan, print)]
  } finally {
    await product.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

function judgeTestssl(findings: readonly Finding[], print: (line: string) => void): string[] {
  const accepted = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/accepted.json'), 'utf8')) as Record<
    string,
    string
  >
  const serious = findings.filter(({ severity }) => !['OK', 'INFO', 'DEBUG', 'WARN'].includes(severity))
  const bad = serious.filter(({ id }) => !Object.hasOwn(accepted, id))
  const grade = findings.find(({ id }) => id === 'overall_grade')?.finding
  print(`testssl: ${findings.length} findings, ${serious.length} of LOW or above, grade ${grade ?? 'none'}`)
  for (const { id, severity, finding } of serious) {
    print(`  ${severity.padEnd(8)} ${id}: ${finding.slice(0, 100)} (${accepted[id] ?? 'NOT ACCEPTED'})`)
  }
  if (findings.length < 50) bad.push({ id: 'scan', severity: 'FATAL', finding: 'testssl did not finish' })
  return bad.map(({ id, severity, finding }) => `testssl: ${severity} ${id}: ${finding}`)
}

/** Of its report, what must and what must not be there. */
function judgeSslscan(text: string, print: (line: string) => void): string[] {
  const bad: string[] = []
  for (const [name, pattern] of [
    ['SSL 2', /^SSLv2\s+disabled/m],
    ['SSL 3', /^SSLv3\s+disabled/m],
    ['TLS 1.0', /^TLSv1\.0\s+disabled/m],
    ['TLS 1.1', /^TLSv1\.1\s+disabled/m],
    ['TLS 1.2', /^TLSv1\.2\s+enabled/m],
    ['TLS 1.3', /^TLSv1\.3\s+enabled/m],
    ['compression', /Compression disabled|does not support compression/],
  ] as const) {
    if (!pattern.test(text)) bad.push(`sslscan: ${name} is not as it should be`)
  }
  if (/vulnerable to heartbleed/.test(text.replace(/not vulnerable to heartbleed/g, '')))
    bad.push('sslscan: heartbleed')
  const ciphers = [...text.matchAll(/^(?:Preferred|Accepted)\s+(TLSv1\.[23])\s+(\d+) bits\s+(\S+)/gm)]
  for (const [, version, bits, cipher = ''] of ciphers) {
    if (Number(bits) < 128 || !/GCM|CHACHA20/.test(cipher)) bad.push(`sslscan: ${version} ${cipher}`)
  }
  const groups = [...text.matchAll(/^TLSv1\.[23]\s+\d+ bits\s+(\S+)/gm)].map(([, group]) => group)
  print(`sslscan: ${ciphers.length} ciphers, groups ${[...new Set(groups)].join(', ')}`)
  if (ciphers.length < 4) bad.push('sslscan did not finish')
  return bad
}
