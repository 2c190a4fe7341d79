// Finds the files of a rule set on disk and says in which order they load. The layouts that we know: one file, a folder
// of .conf files, a CRS folder (crs-setup.conf or its .example, rules/, plugins/), and Debian's modsecurity-crs, whose
// files stand in two places.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Files of one set in load order. What sets variables comes apart, so that a caller's values can go in between. */
export interface RuleFiles {
  readonly setup: readonly string[]
  readonly rules: readonly string[]
}

export interface DebianPaths {
  /** Set-up and local exclusions. */
  readonly etc: string
  readonly share: string
}

export const debianPaths: DebianPaths = { etc: '/etc/modsecurity/crs', share: '/usr/share/modsecurity-crs' }

/** A set at `path`, or a sentence that says why there is none. */
export function locateRules(path: string, debian: DebianPaths = debianPaths): RuleFiles | string {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 'there is no such file or folder'
  if (stat.isFile()) return { setup: [], rules: [path] }
  if (!stat.isDirectory()) return 'it is neither a file nor a folder'
  const folder = path.replace(/\/+$/, '')
  if (folder === debian.share || folder === join(debian.share, 'rules') || folder === debian.etc) {
    return locateDebian(debian) ?? 'only a part of modsecurity-crs is here; reinstall it: apt install modsecurity-crs'
  }
  if (confFiles(join(folder, 'rules')).length > 0) return crsFolder(folder)
  const files = confFiles(folder)
  if (files.length === 0) return 'the folder holds no .conf file and no rules folder with one'
  const setup = setupFile(folder) ?? (files.some(isCrsInit) ? setupFile(dirname(folder)) : undefined)
  if (setup === undefined && files.some(isCrsInit)) {
    return 'these are CRS rules without their crs-setup.conf; name the folder that holds both it and rules'
  }
  return { setup: setup === undefined ? [] : [setup], rules: files.filter(file => file !== setup) }
}

/** Debian's modsecurity-crs, loaded as its own owasp-crs.load does; undefined when it is not installed. */
export function locateDebian(debian: DebianPaths = debianPaths): RuleFiles | undefined {
  const setup = join(debian.etc, 'crs-setup.conf')
  const rules = confFiles(join(debian.share, 'rules'))
  if (!existsSync(setup) || rules.length === 0) return undefined
  const before = join(debian.etc, 'REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf')
  const after = join(debian.etc, 'RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf')
  return { setup: [setup], rules: [...existing(before), ...rules, ...existing(after)] }
}

/** CRS 4 loads the plugins' files around its rules, by the end of their names. */
function crsFolder(folder: string): RuleFiles | string {
  const setup = setupFile(folder)
  const rules = confFiles(join(folder, 'rules'))
  if (setup === undefined && rules.some(isCrsInit))
    return 'it has CRS rules, but no crs-setup.conf or crs-setup.conf.example'
  const plugins = confFiles(join(folder, 'plugins'))
  const ending = (end: string) => plugins.filter(file => file.endsWith(end))
  return {
    setup: [...(setup === undefined ? [] : [setup]), ...ending('-config.conf')],
    rules: [...ending('-before.conf'), ...rules, ...ending('-after.conf')],
  }
}

function setupFile(folder: string): string | undefined {
  return ['crs-setup.conf', 'crs-setup.conf.example'].map(name => join(folder, name)).find(file => existsSync(file))
}

/** Its rule 901001 stops every request when no set-up was loaded. */
function isCrsInit(file: string): boolean {
  return file.endsWith('REQUEST-901-INITIALIZATION.conf')
}

function existing(file: string): string[] {
  return existsSync(file) ? [file] : []
}

/** Sorted as Apache and nginx sort an Include glob: by bytes. */
function confFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder)
    .filter(name => name.endsWith('.conf') && !name.startsWith('.'))
    .sort()
    .map(name => join(folder, name))
}
