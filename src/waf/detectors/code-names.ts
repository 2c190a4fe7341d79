// What injected code calls, by language. `argument` says what must stand in the brackets: a command or a name in a string,
// a variable or another call of this kind; nothing at all; anything.

export interface Callee {
  readonly reason: string
  readonly argument: 'command' | 'text' | 'none' | 'any'
  /** Objects that it is a method of, '' for a bare function, '*' for any; undefined: a bare function. */
  readonly owners: readonly string[] | undefined
  /** No text about code calls it with such an argument by the way. */
  readonly isSure: boolean
}

const table: [names: string, reason: string, argument: Callee['argument'], owners?: string, isSure?: boolean][] = [
  // PHP
  ['passthru shell_exec proc_open pcntl_exec', 'PHP command', 'command'],
  ['system popen', 'command', 'command', ' os posix kernel subprocess commands io process'],
  ['exec', 'command', 'command', ' os kernel child_process cp runtime'],
  ['eval assert', 'evaluated code', 'command', ' kernel binding'],
  ['create_function', 'evaluated code', 'text'],
  [
    'call_user_func call_user_func_array array_map usort array_filter preg_replace register_shutdown_function',
    'PHP callback',
    'command',
  ],
  ['file_get_contents file_put_contents readfile highlight_file show_source fpassthru', 'PHP file', 'command'],
  ['phpinfo phpversion php_uname getmypid get_current_user', 'PHP information', 'none'],
  ['fopen fputs fwrite unlink rename copy move_uploaded_file', 'PHP file', 'command'],
  ['base64_decode gzinflate str_rot13 gzuncompress hex2bin', 'PHP decoding', 'command'],
  ['getenv putenv ini_set dl extract parse_str', 'PHP setting', 'command'],
  // Python
  ['__import__ import_module', 'Python import', 'text', ' importlib', true],
  ['check_output check_call getoutput getstatusoutput', 'Python command', 'command', ' subprocess commands *', true],
  ['spawn spawnl spawnv execl execv execve execvp', 'command', 'command', ' os pty'],
  ['loads load', 'Python pickle', 'command', 'pickle cpickle marshal yaml'],
  // Node
  ['execsync execfilesync spawnsync execfile', 'Node command', 'command', ' *', true],
  ['readfilesync readdirsync writefilesync createreadstream', 'Node file', 'command', 'fs *'],
  // Ruby
  ['instance_eval class_eval module_eval', 'evaluated code', 'command', ' *'],
  // Java, expression languages
  ['getruntime', 'Java runtime', 'none', ' runtime *', true],
  ['forname getmethod getdeclaredmethod getenginebyname loadclass', 'Java reflection', 'command', ' class *', true],
  ['newinstance getclassloader', 'Java reflection', 'none', '*'],
  // ASP, SQL Server, shells of other kinds
  ['createobject', 'ASP object', 'command', ' server wscript *', true],
  ['shellexecute', 'Windows command', 'command', ' *', true],
]

export const callees: ReadonlyMap<string, Callee> = new Map(
  table.flatMap(([names, reason, argument, owners, isSure = false]) =>
    names.split(' ').map((name): [string, Callee] => [name, { reason, argument, owners: owners?.split(' '), isSure }]),
  ),
)

/** Calls whose result is given to another: `eval(base64_decode(…))`, `system(chr(105).…)`. */
export const argumentKinds: ReadonlySet<string> = new Set([
  ...callees.keys(),
  ...'chr implode join strrev array_pop reset current end getallheaders get_defined_vars session_id compile open urldecode str_replace atob unescape string buffer input request'.split(
    ' ',
  ),
])

/** Names of Python's and JavaScript's inside, with their underscores. */
export const reachingNames: ReadonlySet<string> = new Set(
  (
    '__class__ __mro__ __subclasses__ __globals__ __builtins__ __bases__ __base__ __import__ __getattribute__ __reduce__ ' +
    '__reduce_ex__ __code__ __closure__ __loader__ __subclasshook__ __init_subclass__ __lookupgetter__ __definegetter__ ' +
    '__definesetter__ __lookupsetter__'
  ).split(' '),
)
