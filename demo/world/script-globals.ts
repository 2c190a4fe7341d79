// What a script of the demo finds around it: the names that exploits for JavaScript servers reach for (process, require,
// child_process, fs), leading into the demo's own shell and file tree.

import type { FileTree } from './file-tree.ts'
import { fromJson, ScriptFunction, type ScriptObject, showValue, type Value } from './script.ts'
import { type Shell, shellEnvironment } from './shell.ts'

export function createGlobals(files: FileTree, shell: Shell): ScriptObject {
  const execute = new ScriptFunction('execSync', args => shell.run(showValue(args[0])))
  const read = new ScriptFunction('readFileSync', args => {
    const text = files.readText(files.resolve('/srv/shop', showValue(args[0])))
    if (text === undefined) throw new TypeError('ENOENT: no such file')
    return text
  })
  const modules = new Map<string, Value>([
    [
      'child_process',
      new Map([
        ['execSync', execute],
        ['exec', execute],
      ]),
    ],
    ['fs', new Map([['readFileSync', read]])],
  ])
  const require = new ScriptFunction('require', args => modules.get(showValue(args[0]).replace(/^node:/, '')))
  const process = new Map<string, Value>([
    ['env', fromJson(shellEnvironment)],
    ['platform', 'linux'],
    ['mainModule', new Map([['require', require]])],
    ['cwd', new ScriptFunction('cwd', () => '/srv/shop')],
  ])
  return new Map<string, Value>([
    ['process', process],
    ['require', require],
    ['config', fromJson({ shop: 'Postern', currency: 'EUR', SECRET_KEY: shellEnvironment['SHOP_SECRET'] })],
  ])
}
