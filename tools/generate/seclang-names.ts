// The names that the reference manuals of ModSecurity 3 and Coraza 3 document for rules, each with an example of its
// arguments where it takes any. Compiled by hand from those manuals; seclang.ts tries every one on the engine.

export type Documented = Readonly<Record<string, string>>

const rule = 'ARGS "@rx a" "id:1,phase:2,pass"'

/** Name and arguments. */
export const directives: Documented = {
  Include: 'other.conf',
  IncludeOptional: 'none.conf',
  SecAction: '"id:1,phase:1,pass"',
  SecArgumentSeparator: '"&"',
  SecArgumentsLimit: '1000',
  SecAuditEngine: 'RelevantOnly',
  SecAuditLog: '/var/log/audit.log',
  SecAuditLog2: '/var/log/audit2.log',
  SecAuditLogDirMode: '0750',
  SecAuditLogFileMode: '0640',
  SecAuditLogFormat: 'Native',
  SecAuditLogParts: 'ABIJDEFHZ',
  SecAuditLogPrefix: 'prefix',
  SecAuditLogRelevantStatus: '"^5"',
  SecAuditLogStorageDir: '/var/log/audit',
  SecAuditLogType: 'Parallel',
  SecCacheTransformations: 'On',
  SecChrootDir: '/chroot',
  SecCollectionTimeout: '3600',
  SecComponentSignature: '"name/1.0"',
  SecConnEngine: 'On',
  SecConnReadStateLimit: '50',
  SecConnWriteStateLimit: '50',
  SecContentInjection: 'On',
  SecCookieFormat: '0',
  SecCookieV0Separator: '";"',
  SecDataDir: '/tmp',
  SecDataset: 'words `a`',
  SecDebugLog: '/var/log/debug.log',
  SecDebugLogLevel: '3',
  SecDefaultAction: '"phase:2,log,pass"',
  SecDisableBackendCompression: 'On',
  SecGeoLookupDb: '/geo.mmdb',
  SecGsbLookupDb: '/gsb.dat',
  SecGuardianLog: '|/usr/bin/guardian',
  SecHashEngine: 'On',
  SecHashKey: '"key" KeyOnly',
  SecHashMethodPm: 'HashHref "a"',
  SecHashMethodRx: 'HashHref "a"',
  SecHashParam: '"crypt"',
  SecHttpBlKey: 'key',
  SecIgnoreRuleCompilationErrors: 'On',
  SecInterceptOnError: 'On',
  SecMarker: 'END',
  SecParseXmlIntoArgs: 'On',
  SecPcreMatchLimit: '1000',
  SecPcreMatchLimitRecursion: '1000',
  SecReadStateLimit: '50',
  SecRemoteRules: 'key https://rules.example.com/',
  SecRemoteRulesFailAction: 'Abort',
  SecRequestBodyAccess: 'On',
  SecRequestBodyInMemoryLimit: '131072',
  SecRequestBodyJsonDepthLimit: '64',
  SecRequestBodyLimit: '1048576',
  SecRequestBodyLimitAction: 'Reject',
  SecRequestBodyNoFilesLimit: '131072',
  SecResponseBodyAccess: 'On',
  SecResponseBodyLimit: '524288',
  SecResponseBodyLimitAction: 'ProcessPartial',
  SecResponseBodyMimeType: 'text/plain text/html',
  SecResponseBodyMimeTypesClear: '',
  SecRule: rule,
  SecRuleEngine: 'On',
  SecRuleInheritance: 'On',
  SecRulePerfTime: '1000',
  SecRuleRemoveById: `1\nSecRule ${rule}`,
  SecRuleRemoveByMsg: '"m"\nSecAction "id:1,phase:1,pass,msg:m"',
  SecRuleRemoveByTag: '"t"\nSecAction "id:1,phase:1,pass,tag:t"',
  SecRuleScript: '/script.lua "id:1,phase:1,pass"',
  SecRuleUpdateActionById: `1 "pass"\nSecRule ${rule}`,
  SecRuleUpdateTargetById: `1 "!ARGS:a"\nSecRule ${rule}`,
  SecRuleUpdateTargetByMsg: '"m" "!ARGS:a"\nSecRule ARGS "@rx a" "id:1,phase:2,pass,msg:m"',
  SecRuleUpdateTargetByTag: '"t" "!ARGS:a"\nSecRule ARGS "@rx a" "id:1,phase:2,pass,tag:t"',
  SecRxPreFilter: 'On',
  SecSensorId: 'sensor',
  SecServerSignature: '"server"',
  SecStatusEngine: 'On',
  SecStreamInBodyInspection: 'On',
  SecStreamOutBodyInspection: 'On',
  SecTmpDir: '/tmp',
  SecTmpSaveUploadedFiles: 'On',
  SecUnicodeMap: 'unicode.mapping 20127',
  SecUnicodeMapFile: 'unicode.mapping 20127',
  SecUploadDir: '/tmp',
  SecUploadFileLimit: '100',
  SecUploadFileMode: '0600',
  SecUploadKeepFiles: 'Off',
  SecWebAppId: 'app',
  SecWriteStateLimit: '50',
  SecXmlExternalEntity: 'On',
}

/** Name and a selector that it needs. */
export const variables: Documented = {
  ...bare(`ARGS ARGS_COMBINED_SIZE ARGS_GET ARGS_GET_NAMES ARGS_NAMES ARGS_PATH ARGS_POST ARGS_POST_NAMES AUTH_TYPE
    DURATION ENV FILES FILES_COMBINED_SIZE FILES_NAMES FILES_SIZES FILES_TMPNAMES FILES_TMP_CONTENT FULL_REQUEST
    FULL_REQUEST_LENGTH GEO GLOBAL HIGHEST_SEVERITY INBOUND_DATA_ERROR IP JSON MATCHED_VAR MATCHED_VARS
    MATCHED_VARS_NAMES MATCHED_VAR_NAME MODSEC_BUILD MSC_PCRE_ERROR MSC_PCRE_LIMITS_EXCEEDED MULTIPART_BOUNDARY_QUOTED
    MULTIPART_BOUNDARY_WHITESPACE MULTIPART_CRLF_LF_LINES MULTIPART_DATA_AFTER MULTIPART_DATA_BEFORE
    MULTIPART_FILENAME MULTIPART_FILE_LIMIT_EXCEEDED MULTIPART_HEADER_FOLDING MULTIPART_INVALID_HEADER_FOLDING
    MULTIPART_INVALID_PART MULTIPART_INVALID_QUOTING MULTIPART_LF_LINE MULTIPART_MISSING_SEMICOLON MULTIPART_NAME
    MULTIPART_PART_HEADERS MULTIPART_SEMICOLON_MISSING MULTIPART_STRICT_ERROR MULTIPART_UNMATCHED_BOUNDARY
    OUTBOUND_DATA_ERROR PATH_INFO PERF_ALL PERF_COMBINED PERF_GC PERF_LOGGING PERF_PHASE1 PERF_PHASE2 PERF_PHASE3
    PERF_PHASE4 PERF_PHASE5 PERF_RULES PERF_SREAD PERF_SWRITE QUERY_STRING REMOTE_ADDR REMOTE_HOST REMOTE_PORT
    REMOTE_USER REQBODY_ERROR REQBODY_ERROR_MSG REQBODY_PROCESSOR REQBODY_PROCESSOR_ERROR REQBODY_PROCESSOR_ERROR_MSG
    REQUEST_BASENAME REQUEST_BODY REQUEST_BODY_LENGTH REQUEST_COOKIES REQUEST_COOKIES_NAMES REQUEST_FILENAME
    REQUEST_HEADERS REQUEST_HEADERS_NAMES REQUEST_LINE REQUEST_METHOD REQUEST_PROTOCOL REQUEST_URI REQUEST_URI_RAW
    RESOURCE RESPONSE_ARGS RESPONSE_BODY RESPONSE_CONTENT_LENGTH RESPONSE_CONTENT_TYPE RESPONSE_HEADERS
    RESPONSE_HEADERS_NAMES RESPONSE_PROTOCOL RESPONSE_STATUS RESPONSE_XML RES_BODY_ERROR RES_BODY_ERROR_MSG
    RES_BODY_PROCESSOR RES_BODY_PROCESSOR_ERROR RES_BODY_PROCESSOR_ERROR_MSG RULE SCRIPT_BASENAME SCRIPT_FILENAME
    SCRIPT_GID SCRIPT_GROUPNAME SCRIPT_MODE SCRIPT_UID SCRIPT_USERNAME SDBM_DELETE_ERROR SERVER_ADDR SERVER_NAME
    SERVER_PORT SESSION SESSIONID STATUS STATUS_LINE STREAM_INPUT_BODY STREAM_OUTPUT_BODY TIME TIME_DAY TIME_EPOCH
    TIME_HOUR TIME_MIN TIME_MON TIME_SEC TIME_WDAY TIME_YEAR TX UNIQUE_ID URLENCODED_ERROR USER USERAGENT_IP USERID
    WEBAPPID WEBSERVER_ERROR_LOG`),
  REQUEST_XML: '/*',
  XML: '/*',
}

/** Name and argument. */
export const operators: Documented = {
  beginsWith: 'a',
  contains: 'a',
  containsWord: 'a',
  detectSQLi: '',
  detectXSS: '',
  endsWith: 'a',
  eq: '1',
  fuzzyHash: '/hashes 6',
  ge: '1',
  geoLookup: '',
  gsbLookup: 'a',
  gt: '1',
  inspectFile: '/script.lua',
  ipMatch: '192.0.2.0/24',
  ipMatchF: 'addresses.txt',
  ipMatchFromDataset: 'addresses',
  ipMatchFromFile: 'addresses.txt',
  le: '1',
  lt: '1',
  noMatch: '',
  pm: 'a b',
  pmFromDataset: 'words',
  pmFromFile: 'words.txt',
  pmf: 'words.txt',
  rbl: 'rbl.example.com',
  restpath: '/users/{id}',
  rsub: 's/a/b/',
  rx: 'a',
  rxGlobal: 'a',
  streq: 'a',
  strmatch: 'a',
  unconditionalMatch: '',
  validateByteRange: '1-255',
  validateDTD: '/a.dtd',
  validateHash: 'a',
  validateNid: 'cl a',
  validateSchema: '/a.xsd',
  validateUrlEncoding: '',
  validateUtf8Encoding: '',
  verifyCC: '\\d{13,16}',
  verifyCPF: '\\d{11}',
  verifySSN: '\\d{9}',
  verifySVNR: '\\d{10}',
  within: 'a b',
}

export const transformations: Documented = bare(`base64Decode base64DecodeExt base64Encode cmdLine compressWhitespace
  cssDecode escapeSeqDecode hexDecode hexEncode htmlEntityDecode jsDecode length lowercase md5 none normalisePath
  normalisePathWin normalizePath normalizePathWin parityEven7bit parityOdd7bit parityZero7bit removeComments
  removeCommentsChar removeNulls removeWhitespace replaceComments replaceNulls sha1 sqlHexDecode trim trimLeft trimRight
  uppercase urlDecode urlDecodeUni urlEncode utf8toUnicode`)

/** Name and value; `chain` and `skipAfter` need more than a value and are completed by seclang.ts. */
export const actions: Documented = {
  accuracy: '9',
  allow: '',
  append: 'text',
  auditlog: '',
  block: '',
  capture: '',
  chain: '',
  ctl: 'ruleEngine=Off',
  deny: '',
  deprecatevar: 'SESSION.a=1/60',
  drop: '',
  exec: '/script.lua',
  expirevar: 'ip.a=60',
  id: '1',
  initcol: 'ip=%{REMOTE_ADDR}',
  log: '',
  logdata: 'text',
  maturity: '9',
  msg: 'text',
  multiMatch: '',
  noauditlog: '',
  nolog: '',
  pass: '',
  pause: '100',
  phase: '2',
  prepend: 'text',
  proxy: 'http://192.0.2.1',
  redirect: 'https://example.com/',
  rev: '1',
  sanitiseArg: 'a',
  sanitiseMatched: '',
  sanitiseMatchedBytes: '',
  sanitiseRequestHeader: 'a',
  sanitiseResponseHeader: 'a',
  setenv: 'a=1',
  setrsc: 'a',
  setsid: 'a',
  setuid: 'a',
  setvar: 'tx.a=1',
  severity: 'CRITICAL',
  skip: '1',
  skipAfter: 'END',
  status: '403',
  t: 'lowercase',
  tag: 'text',
  ver: 'text',
  xmlns: 'a=http://example.com/',
}

/** Name and value. */
export const controls: Documented = {
  auditEngine: 'On',
  auditLogParts: '+E',
  debugLogLevel: '3',
  forceRequestBodyVariable: 'On',
  forceResponseBodyVariable: 'On',
  hashEnforcement: 'On',
  hashEngine: 'On',
  parseXmlIntoArgs: 'On',
  requestBodyAccess: 'On',
  requestBodyLimit: '1000',
  requestBodyProcessor: 'JSON',
  responseBodyAccess: 'On',
  responseBodyLimit: '1000',
  responseBodyProcessor: 'JSON',
  ruleEngine: 'Off',
  ruleRemoveById: '1',
  ruleRemoveByMsg: 'text',
  ruleRemoveByTag: 'text',
  ruleRemoveTargetById: '1;ARGS:a',
  ruleRemoveTargetByMsg: 'text;ARGS:a',
  ruleRemoveTargetByTag: 'text;ARGS:a',
}

function bare(names: string): Documented {
  return Object.fromEntries(names.split(/\s+/).map(name => [name, '']))
}
