// Names that expressions of templates reach for. `sure`: wherever it stands; `call`: when it is called; `quoted`: as a
// string that a filter or a reflection takes; `object`: as the object at the start of a Jinja or Twig expression.

type Kind = 'sure' | 'call' | 'quoted' | 'object'

const table: [Kind, string][] = [
  [
    'sure',
    'getclass forname getruntime processbuilder scriptenginemanager classloader getdeclaredmethods getmethods subclasses mro ' +
      'lipsum get_flashed_messages popen passthru shell_exec execsync child_process mainmodule registerundefinedfiltercallback ' +
      'getfilter objectwrapper freemarker memberaccess _memberaccess unserialize file_get_contents undefined_filter ' +
      'getsystemproperties java_version fromcharcode constructor templatesettings methodclosure file_excerpt objectconstructor springmacrorequestcontext applicationscope sessionscope requestscope pagescope pagecontext initparam',
  ],
  [
    'call',
    'exec execute system eval spawn require import_module getenv readfile include_file new_instance newinstance url_for dump phpinfo getattribute invoke popen fromstring include getparameter getheader getresource createnewfile gettext',
  ],
  ['quoted', 'system exec passthru popen shell_exec eval os subprocess id whoami phpinfo assert'],
  ['object', '_ config self _self cycler joiner namespace request application session settings app dir env globals'],
]

export const templateNames: ReadonlyMap<string, ReadonlySet<Kind>> = byName()

function byName(): Map<string, Set<Kind>> {
  const found = new Map<string, Set<Kind>>()
  for (const [kind, names] of table) {
    for (const name of names.split(' ')) found.set(name, (found.get(name) ?? new Set<Kind>()).add(kind))
  }
  return found
}
