// Every directive of ModSecurity and what becomes of it: a rule, a setting, or a reason why it is refused. Directives
// that only set up ModSecurity's own logs give a warning, because events and logs are Merlon's and configured there.

import { nearest } from '../../lib/problem.ts'
import type { FilePort } from '../types.ts'
import { offsetInText, type RawDirective } from './lexer.ts'
import {
  addComponent,
  bytes,
  count,
  oneCharacter,
  only,
  onOff,
  overflow,
  type Setter,
  setAuditEngine,
  setAuditParts,
  setCollectionTimeout,
  setEngine,
  setRelevantStatus,
  setTypes,
  setUnicodeMap,
} from './setters.ts'
import type { EngineSettings } from './settings.ts'
import type { ProblemList } from './source.ts'

export type DirectiveKind =
  | 'rule'
  | 'action'
  | 'marker'
  | 'default-action'
  | 'remove-by-id'
  | 'remove-by-tag'
  | 'remove-by-msg'
  | 'update-target-by-id'
  | 'update-target-by-tag'
  | 'update-target-by-msg'
  | 'update-action-by-id'

export type DirectiveEntry =
  | { readonly name: string; readonly kind: DirectiveKind }
  | { readonly name: string; readonly set: Setter; readonly anyCount?: true }
  | {
      readonly name: string
      readonly ignored: string
      /** A value that says what is so anyhow, in lower case: no warning. */
      readonly so?: string
    }
  | { readonly name: string; readonly refused: string }

const auditFile = 'the file is guards.waf.audit.file in merlon.yaml, this has no effect'
const logging = 'logging is configured in merlon.yaml, this has no effect'
const linear = 'matching takes linear time and needs no limit, this has no effect'
const noFiles = 'the engine keeps nothing on disk, this has no effect'

const entries: readonly DirectiveEntry[] = [
  { name: 'SecRule', kind: 'rule' },
  { name: 'SecAction', kind: 'action' },
  { name: 'SecMarker', kind: 'marker' },
  { name: 'SecDefaultAction', kind: 'default-action' },
  { name: 'SecRuleRemoveById', kind: 'remove-by-id' },
  { name: 'SecRuleRemoveByTag', kind: 'remove-by-tag' },
  { name: 'SecRuleRemoveByMsg', kind: 'remove-by-msg' },
  { name: 'SecRuleUpdateTargetById', kind: 'update-target-by-id' },
  { name: 'SecRuleUpdateTargetByTag', kind: 'update-target-by-tag' },
  { name: 'SecRuleUpdateTargetByMsg', kind: 'update-target-by-msg' },
  { name: 'SecRuleUpdateActionById', kind: 'update-action-by-id' },
  { name: 'SecRuleEngine', set: setEngine },
  { name: 'SecRequestBodyAccess', set: onOff('requestBodyAccess') },
  { name: 'SecResponseBodyAccess', set: onOff('responseBodyAccess') },
  { name: 'SecRequestBodyLimit', set: bytes('requestBodyLimitBytes') },
  { name: 'SecRequestBodyNoFilesLimit', set: bytes('requestFieldsLimitBytes') },
  { name: 'SecRequestBodyLimitAction', set: overflow('requestBodyOverflow') },
  { name: 'SecResponseBodyLimit', set: bytes('responseBodyLimitBytes') },
  { name: 'SecResponseBodyLimitAction', set: overflow('responseBodyOverflow') },
  { name: 'SecResponseBodyMimeType', set: setTypes, anyCount: true },
  {
    name: 'SecResponseBodyMimeTypesClear',
    set: settings => {
      settings.responseBodyTypes = []
      return undefined
    },
    anyCount: true,
  },
  { name: 'SecRequestBodyJsonDepthLimit', set: count('jsonDepth', 512) },
  { name: 'SecRequestBodyJsonKeysLimit', set: count('jsonKeys', 1_000_000) },
  { name: 'SecRequestBodyXmlDepthLimit', set: count('xmlDepth', 10_000) },
  { name: 'SecRequestBodyXmlNodesLimit', set: count('xmlNodes', 1_000_000) },
  { name: 'SecRequestBodyMultipartPartsLimit', set: count('multipartParts', 10_000) },
  { name: 'SecArgumentsLimit', set: count('arguments', 100_000) },
  { name: 'SecUploadFileLimit', set: count('uploadFiles', 10_000) },
  { name: 'SecArgumentSeparator', set: oneCharacter('argumentSeparator') },
  { name: 'SecCookieV0Separator', set: oneCharacter('cookieSeparator') },
  { name: 'SecCookieFormat', set: only('0', 'version 1 cookies (RFC 2965) are obsolete; only 0 is supported') },
  { name: 'SecCollectionTimeout', set: setCollectionTimeout },
  {
    name: 'SecWebAppId',
    set: (settings, value) => {
      settings.webAppId = value
      return undefined
    },
  },
  { name: 'SecUnicodeMapFile', set: setUnicodeMap, anyCount: true },
  { name: 'SecUnicodeMap', set: setUnicodeMap, anyCount: true },
  {
    name: 'SecParseXmlIntoArgs',
    set: only('off', 'XML is inspected through XML:/* and XML://@*; only Off is supported'),
  },
  {
    name: 'SecIgnoreRuleCompilationErrors',
    set: only('off', 'a rule set loads whole or not at all; only Off is supported'),
  },
  { name: 'SecXmlExternalEntity', set: only('off', 'external entities are never loaded; only Off is supported') },
  { name: 'SecInterceptOnError', set: only('off', 'no operator can fail at run time; only Off is supported') },
  { name: 'SecContentInjection', set: only('off', 'responses are not rewritten; only Off is supported') },
  { name: 'SecStreamInBodyInspection', set: only('off', 'STREAM_… variables are not supported; only Off is') },
  { name: 'SecStreamOutBodyInspection', set: only('off', 'STREAM_… variables are not supported; only Off is') },
  { name: 'SecHashEngine', set: only('off', 'link hashing is not supported; only Off is') },
  {
    name: 'SecConnEngine',
    set: only('off', 'connections are bounded by limits in merlon.yaml; only Off is supported'),
  },
  { name: 'SecComponentSignature', set: addComponent },
  { name: 'SecAuditEngine', set: setAuditEngine },
  { name: 'SecAuditLogParts', set: setAuditParts },
  { name: 'SecAuditLogRelevantStatus', set: setRelevantStatus },
  { name: 'SecAuditLogFormat', ignored: 'the audit log is written as JSON, this has no effect', so: 'json' },
  {
    name: 'SecAuditLogType',
    ignored: 'the audit log is one file, a line a transaction, this has no effect',
    so: 'serial',
  },
  ...['SecAuditLog', 'SecAuditLog2', 'SecAuditLogDirMode', 'SecAuditLogFileMode', 'SecAuditLogPrefix'].map(
    ignoredAs(auditFile),
  ),
  { name: 'SecAuditLogStorageDir', ignored: auditFile },
  ...['SecDebugLog', 'SecDebugLogLevel', 'SecGuardianLog'].map(ignoredAs(logging)),
  ...['SecSensorId', 'SecStatusEngine', 'SecServerSignature', 'SecRulePerfTime'].map(ignoredAs(logging)),
  ...['SecPcreMatchLimit', 'SecPcreMatchLimitRecursion', 'SecCacheTransformations'].map(ignoredAs(linear)),
  ...['SecTmpDir', 'SecDataDir', 'SecUploadDir', 'SecUploadFileMode', 'SecUploadKeepFiles'].map(ignoredAs(noFiles)),
  ...['SecTmpSaveUploadedFiles', 'SecRequestBodyInMemoryLimit'].map(ignoredAs(noFiles)),
  { name: 'SecRxPreFilter', ignored: 'patterns are always filtered, this has no effect', so: 'on' },
  { name: 'SecGeoLookupDb', ignored: 'no geo database is read, this has no effect' },
  { name: 'SecRuleScript', refused: 'Lua scripts are not run inside the engine' },
  { name: 'SecRemoteRules', refused: 'rules are not loaded from the network; use `merlon rules install`' },
  { name: 'SecRemoteRulesFailAction', refused: 'rules are not loaded from the network' },
  { name: 'SecRuleInheritance', refused: 'there are no nested contexts; each route has its own list of rule sets' },
  { name: 'SecDataset', refused: 'lists stand in files; use @pmFromFile and @ipMatchFromFile' },
  { name: 'SecGsbLookupDb', refused: 'the Google Safe Browsing list is not supported' },
  {
    name: 'SecHttpBlKey',
    refused: 'no DNS list is asked; use an address list, as @ipMatchFromFile or of the lists guard',
  },
  ...['SecHashKey', 'SecHashParam', 'SecHashMethodRx', 'SecHashMethodPm'].map(
    refusedAs('link hashing is not supported'),
  ),
  ...['SecChrootDir', 'SecDisableBackendCompression', 'SecConnReadStateLimit'].map(
    refusedAs('this is for web servers'),
  ),
  ...['SecConnWriteStateLimit', 'SecReadStateLimit', 'SecWriteStateLimit'].map(refusedAs('this is for web servers')),
]

function ignoredAs(ignored: string): (name: string) => DirectiveEntry {
  return name => ({ name, ignored })
}

function refusedAs(refused: string): (name: string) => DirectiveEntry {
  return name => ({ name, refused })
}

const byName = new Map(entries.map(entry => [entry.name.toLowerCase(), entry]))

/** Applies a setting; gives the kind of any other directive, and undefined when there is nothing more to do. */
export function takeDirective(
  directive: RawDirective,
  settings: EngineSettings,
  files: FilePort,
  problems: ProblemList,
): DirectiveKind | undefined {
  const { source, start, name } = directive
  const entry = byName.get(name.toLowerCase())
  if (!entry) {
    const near = nearest(name, byName.keys())
    const hint = near === undefined ? undefined : `did you mean ${byName.get(near)?.name}?`
    problems.add(source.problem(start, 'unknown-directive', `there is no directive ${name}`, hint))
    return undefined
  }
  if ('kind' in entry) return entry.kind
  if ('refused' in entry) {
    problems.add(source.problem(start, 'unsupported-directive', `${entry.name} is not supported: ${entry.refused}`))
  } else if ('ignored' in entry) {
    if (entry.so !== undefined && directive.words[0]?.text.toLowerCase() === entry.so) return undefined
    problems.add(source.warning(start, 'ignored-directive', `${entry.name}: ${entry.ignored}`))
  } else applySetting(entry, directive, settings, files, problems)
  return undefined
}

function applySetting(
  entry: { readonly name: string; readonly set: Setter; readonly anyCount?: true },
  directive: RawDirective,
  settings: EngineSettings,
  files: FilePort,
  problems: ProblemList,
): void {
  const { source, start, words } = directive
  const first = words[0]
  if (!entry.anyCount && (!first || words.length > 1)) {
    problems.add(source.problem(start, 'bad-arguments', `${entry.name} takes one value`))
    return
  }
  const context = { values: words.map(word => word.text), files, file: source.file }
  const message = entry.set(settings, first?.text ?? '', context)
  if (message === undefined) return
  const at = first ? offsetInText(first, 0) : start
  problems.add(source.problem(at, 'bad-value', `${entry.name}: ${message}`))
}
