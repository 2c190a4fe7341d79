// The engine settings of a rule set: what the Sec… directives that are not rules leave behind.

import type { BodyLimits } from '../bodies/types.ts'
import type { UnicodeMap } from '../transforms/unicode-map.ts'
import type { AuditSettings, WafSettings } from '../types.ts'

export interface EngineSettings extends WafSettings, BodyLimits {
  engine: WafSettings['engine']
  requestBodyAccess: boolean
  responseBodyAccess: boolean
  requestBodyLimitBytes: number
  /** SecRequestBodyNoFilesLimit: for bodies, or the fields of a multipart body. */
  requestFieldsLimitBytes: number
  requestBodyOverflow: 'reject' | 'process-partial'
  responseBodyLimitBytes: number
  responseBodyOverflow: 'reject' | 'process-partial'
  responseBodyTypes: readonly string[]
  argumentSeparator: string
  cookieSeparator: string
  jsonDepth: number
  /** Keys and array items of a JSON body together. */
  jsonKeys: number
  xmlDepth: number
  xmlNodes: number
  multipartParts: number
  /** Of query and form together. Cookies are counted for themselves. */
  arguments: number
  uploadFiles: number
  /** SecCollectionTimeout: how long a persistent collection lives without a write. */
  collectionTimeoutMs: number
  webAppId: string
  audit: { -readonly [Key in keyof AuditSettings]: AuditSettings[Key] }
  components: readonly string[]
  unicodeMap: UnicodeMap | undefined
}

/**
 * Where ModSecurity's default is "do nothing" (engine off, no request bodies), ours is to work: a rule set that was
 * loaded is meant to be run. rules/base.conf sets all of these openly.
 */
export function defaultSettings(): EngineSettings {
  return {
    engine: 'on',
    requestBodyAccess: true,
    responseBodyAccess: false,
    requestBodyLimitBytes: 1024 * 1024,
    requestFieldsLimitBytes: 1024 * 1024,
    requestBodyOverflow: 'reject',
    responseBodyLimitBytes: 512 * 1024,
    responseBodyOverflow: 'process-partial',
    responseBodyTypes: ['text/plain', 'text/html'],
    argumentSeparator: '&',
    cookieSeparator: ';',
    jsonDepth: 64,
    jsonKeys: 10_000,
    xmlDepth: 64,
    xmlNodes: 20_000,
    multipartParts: 200,
    arguments: 1000,
    uploadFiles: 100,
    collectionTimeoutMs: 3_600_000,
    webAppId: '',
    audit: { engine: undefined, parts: undefined, relevantStatuses: new Set() },
    components: [],
    unicodeMap: undefined,
  }
}
