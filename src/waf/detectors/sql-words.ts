// The words of SQL that the SQL detector tells apart, by what they do in a statement. Only lower case; the dialects are
// MySQL, PostgreSQL, SQL Server, Oracle, SQLite and DB2.

import { WordTable } from './word-table.ts'

export const Word = {
  plain: 0,
  /** AND OR XOR */
  boolean: 1,
  not: 2,
  /** LIKE IN BETWEEN … */
  comparison: 3,
  /** DIV MOD COLLATE */
  arithmetic: 4,
  /** UNION EXCEPT INTERSECT */
  set: 5,
  select: 6,
  /** Starts another clause of a query. */
  clause: 7,
  /** Starts another statement. */
  statement: 8,
  constant: 9,
  /** May stand before an operand: CASE, EXISTS, DISTINCT, BINARY … */
  prefix: 10,
  /** Between the parts of a CASE or behind an operand: WHEN, THEN, ASC … */
  joint: 11,
  from: 12,
} as const

export type WordClass = (typeof Word)[keyof typeof Word]

const classes: readonly (readonly [WordClass, string])[] = [
  [Word.boolean, 'and or xor'],
  [Word.not, 'not'],
  [Word.comparison, 'like rlike ilike regexp in between is glob similar sounds overlaps against'],
  [Word.arithmetic, 'div mod collate'],
  [Word.set, 'union except intersect minus'],
  [Word.select, 'select'],
  [Word.from, 'from'],
  [Word.clause, 'where order group having limit offset procedure into window fetch qualify'],
  [
    Word.statement,
    'insert update delete drop create alter truncate exec execute declare shutdown waitfor grant revoke',
  ],
  [Word.statement, 'call merge replace load copy begin if while set use backup restore kill attach pragma rename'],
  [Word.statement, 'handler prepare deallocate reconfigure dbcc openrowset bulk print raiserror do'],
  [Word.constant, 'null true false current_date current_time current_timestamp current_user session_user system_user'],
  [Word.constant, 'rownum sysdate localtime localtimestamp unknown'],
  [Word.prefix, 'case exists any some all distinct binary unique interval row array cast convert top match'],
  [
    Word.joint,
    'when then else end asc desc as by on using join inner outer left right cross natural escape with rollup',
  ],
  [Word.joint, 'nulls first last for separator over partition rows values returning'],
]

export const wordClasses = new WordTable(
  classes.flatMap(([kind, words]) => words.split(' ').map((word): [string, WordClass] => [word, kind])),
)

/** Functions that an injected call is made for: they wait, read or write files, reach out, or smuggle data in errors. */
export const harmfulFunctions: ReadonlySet<string> = new Set(
  [
    'sleep benchmark pg_sleep pg_sleep_for dbms_lock.sleep dbms_session.sleep dbms_pipe.receive_message user_lock.sleep',
    'extractvalue updatexml load_file lo_import lo_export pg_read_file pg_ls_dir dblink dblink_connect xmltype',
    'utl_http.request utl_inaddr.get_host_address utl_inaddr.get_host_name httpuritype ctxsys.drithsx.sn',
    'dbms_ldap.init dbms_xmlgen.getxml dbms_xslprocessor.read2clob xp_cmdshell openrowset opendatasource openquery',
    'sys_eval sys_exec query_to_xml database_to_xml randomblob load_extension writefile readfile generate_series',
    'is_srvrolemember has_dbaccess gtid_subset gtid_subtract st_latfromgeohash ntfs_read regexp_substring',
    'fn_virtualfilestats fn_xe_file_target_read_file master..xp_cmdshell xp_dirtree master..xp_dirtree geometrycollection',
  ].flatMap(words => words.split(' ')),
)

/** Of these, the names that nothing but SQL has. */
export const unmistakableFunctions: ReadonlySet<string> = new Set(
  [...harmfulFunctions].filter(
    name => !['sleep', 'benchmark', 'readfile', 'writefile', 'generate_series', 'dblink'].includes(name),
  ),
)

/** Functions that tell an attacker where he is. */
export const tellingFunctions: ReadonlySet<string> = new Set(
  (
    'version database user schema current_user current_database system_user session_user user_name db_name host_name ' +
    'db_id suser_sname pg_backend_pid connection_id current_setting sqlite_version banner last_insert_id'
  ).split(' '),
)

/** Constants that tell an attacker where he is. */
export const tellingConstants: ReadonlySet<string> = new Set('current_user session_user system_user'.split(' '))

/** Functions that appear in injections as in reports: each counts a little. */
export const commonFunctions: ReadonlySet<string> = new Set(
  (
    'ascii substring substr mid left right char chr concat concat_ws group_concat string_agg listagg wm_concat md5 sha1 ' +
    'sha2 count sum floor rand cast convert hex unhex ord length len if ifnull iif nullif coalesce elt make_set make_point ' +
    'exp pow rtrim ltrim lower upper bin instr locate position nvl decode rawtohex to_char quotename xmlelement ' +
    'xmlagg json_keys json_extract row_count crc32 isnull exists power name_const polygon multipoint linestring ' +
    'analyse reverse unicode nchar procedure to_base64 from_base64 bit_length octet_length lpad rpad repeat space cos sin tan pi abs'
  ).split(' '),
)

/** Tables and columns of the catalogue, and stored procedures of the system. */
export function isSystemName(word: string): boolean {
  if (word.startsWith('xp_') || word.startsWith('sp_')) return true
  const dot = word.indexOf('.')
  return systemNames.has(word) || (dot > 0 && systemSchemas.has(word.slice(0, dot)))
}

const systemSchemas: ReadonlySet<string> = new Set(
  'sysibm syscat information_schema pg_catalog master sys mysql'.split(' '),
)

const systemNames: ReadonlySet<string> = new Set(
  (
    'information_schema sysobjects syscolumns sysusers sysdatabases pg_catalog pg_tables pg_user pg_shadow pg_class ' +
    'pg_database sqlite_master sqlite_temp_master all_tables all_tab_columns user_tables user_tab_columns all_users dba_users ' +
    'mysql.user msysaccessobjects sysibm sys.tables sys.databases sys.objects v$version rdb$database rdb$fields ' +
    'systables syscat dba_tables domain.domains domain.columns domain.tables sysmaster'
  ).split(' '),
)

/** Words that start a phrase of English where SQL wants a column or table. */
export const articles: ReadonlySet<string> = new Set(
  'the a an your our my his her its their this that these those any each every one some which what no more'.split(' '),
)

export const Notable = {
  /** Whatever stands beside it. */
  always: 1,
  /** As a name with a parenthesis, a dot or a comment behind it. */
  call: 2,
} as const

/** Words without one of which (or && or ||) no value is SQL by itself; most values are done at that. */
export const notableWords = new WordTable([
  ...classes.flatMap(([kind, words]) => {
    const isNotable =
      kind === Word.boolean ||
      kind === Word.set ||
      kind === Word.select ||
      kind === Word.statement ||
      kind === Word.clause
    return isNotable ? words.split(' ').map((word): [string, number] => [word, Notable.always]) : []
  }),
  ...[...harmfulFunctions, ...systemNames, ...systemSchemas].map((name): [string, number] => [
    firstPart(name),
    Notable.always,
  ]),
  ...[...tellingFunctions, ...commonFunctions].map((name): [string, number] => [name, Notable.call]),
])

function firstPart(name: string): string {
  return name.split('.', 1)[0] ?? name
}
