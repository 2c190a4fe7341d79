// Compiles an operator by name for tests, with an in-memory file port.

import assert from 'node:assert/strict'
import { bytesToBuffer } from '../../lib/bytes.ts'
import type { GeoRecord } from '../types.ts'
import { operators } from './index.ts'
import { type CompileOperatorResult, type MacroScope, type Operator, OperatorCall } from './types.ts'

export interface Setup {
  readonly files?: Readonly<Record<string, string>>
  readonly geo?: (ip: string) => GeoRecord | undefined
  /** Values of macros; when given, the argument is not static. */
  readonly macros?: Readonly<Record<string, string>>
}

function scopeOf(macros: Readonly<Record<string, string>>): MacroScope {
  return { lookup: name => macros[name] }
}

export function compile(name: string, text: string, setup: Setup = {}): CompileOperatorResult {
  const definition = operators.get(name.toLowerCase())
  assert.ok(definition, `no operator ${name}`)
  const argument = {
    text,
    isStatic: setup.macros === undefined,
    expand: (scope: MacroScope) => text.replace(/%\{([^}]*)\}/g, (_, macro: string) => scope.lookup(macro) ?? ''),
  }
  const files = {
    read(path: string): Uint8Array {
      const content = setup.files?.[path]
      if (content === undefined) throw new Error('ENOENT')
      return bytesToBuffer(content)
    },
    glob: () => [],
    resolve: (fromFile: string, path: string) => `${fromFile.slice(0, fromFile.lastIndexOf('/') + 1)}${path}`,
  }
  return definition.compile(argument, { files, ruleFile: 'rules/a.conf', geo: setup.geo, multiline: true })
}

export function compileOk(name: string, text: string, setup: Setup = {}): Operator {
  const result = compile(name, text, setup)
  assert.ok(result.ok, result.ok ? '' : result.message)
  return result.operator
}

export function call(macros: Readonly<Record<string, string>> = {}, wantCaptures = true): OperatorCall {
  const made = new OperatorCall(scopeOf(macros))
  made.reset(wantCaptures)
  return made
}
