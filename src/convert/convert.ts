// Turns a set-up of ModSecurity, by itself or within nginx or Apache, into merlon.yaml and rule files, and says what of
// it has no equal. Reads through a file port and writes nothing.

import type { Problem } from '../lib/problem.ts'
import type { FilePort } from '../waf/types.ts'
import { readApache } from './apache.ts'
import { type WrittenFile, writeDocument } from './document.ts'
import { readText } from './files.ts'
import { readNginx } from './nginx.ts'
import { Report, type ServerSetup } from './setup.ts'

export interface Converted {
  readonly kind: SetupKind
  /** merlon.yaml first. */
  readonly files: readonly WrittenFile[]
  /** What has no equal, each with its place. */
  readonly notes: readonly Problem[]
}

export type SetupKind = 'nginx' | 'Apache' | 'ModSecurity'

export interface ConvertOptions {
  readonly upstream: string
}

/** @param path A file, or a folder that holds one of the usual names. A sentence when there is nothing to read. */
export function convertSetup(path: string, files: FilePort, options: ConvertOptions): Converted | string {
  const file = mainFile(path, files)
  if (file === undefined) return `${path}: there is no such file, and no folder with ${mainNames.join(', ')}`
  const text = readText(file, files)
  if (typeof text !== 'string') return `${file} ${text.problem}`
  const report = new Report()
  const kind = kindOf(text)
  const setup = readSetup(kind, file, files, report)
  const written = writeDocument(setup, { ...options, from: file }, files, report)
  return { kind, files: written, notes: report.notes }
}

const mainNames = ['nginx.conf', 'apache2.conf', 'httpd.conf', 'modsecurity.conf', 'main.conf']

function mainFile(path: string, files: FilePort): string | undefined {
  return [path, ...mainNames.map(name => `${path.replace(/\/$/, '')}/${name}`)].find(
    each => files.glob(each).length > 0,
  )
}

function kindOf(text: string): SetupKind {
  const plain = text.replace(/^[ \t]*#.*$/gm, '')
  if (
    /^[ \t]*(?:http|server|events|upstream|location)\b[^\n;]*\{|^[ \t]*modsecurity(?:_rules(?:_file)?)?[ \t]/m.test(
      plain,
    )
  ) {
    return 'nginx'
  }
  return /^[ \t]*(?:<\w|(?:ProxyPass|Listen|LoadModule|ServerName|ServerRoot)\b)/im.test(plain)
    ? 'Apache'
    : 'ModSecurity'
}

function readSetup(kind: SetupKind, file: string, files: FilePort, report: Report): ServerSetup {
  if (kind === 'nginx') return readNginx(file, files, report)
  if (kind === 'Apache') return readApache(file, files, report)
  return {
    listens: [':8080'],
    upstreams: new Map(),
    routes: [],
    inputs: [{ kind: 'file', pattern: file, place: { file, line: 1 } }],
    trustedProxies: [],
    bodyMax: undefined,
  }
}
