// Rules of the house that no linter knows, read off the syntax tree.

import { globSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import type { Check } from '../check.ts'
import { root } from './run.ts'

/**
 * Files and folders under src/waf/ that read rules, not requests, and run once at load time. V8's backtracking RegExp is
 * fine there, and nowhere else in the engine: what an attacker writes is judged in linear time.
 */
const loadTime: readonly string[] = [
  'src/waf/node.ts', // paths of rule files
  'src/waf/seclang/', // text of rules
  'src/waf/actions/', // arguments of actions
  'src/waf/rules/compile.ts',
  'src/waf/rules/link.ts',
  'src/waf/rules/scope.ts',
  'src/waf/rules/update.ts', // arguments of SecRuleUpdate…
  'src/waf/rules/transaction.ts', // name of a variable that a report asks for
  'src/waf/regex/escapes.ts', // text of patterns
  'src/waf/regex/syntax-error.ts',
  'src/waf/operators/phrases.ts', // arguments of @pm and its files
  'src/waf/operators/validate.ts', // argument of @validateByteRange
  'src/waf/transforms/unicode-map.ts', // the mapping file
]

const testFile = /\.(test|test-support|test-helper|bench)\.ts$|\/testdata\//

export const noAnyRegExpOnRequestData: Check = {
  name: 'no V8 RegExp on request data (src/waf)',
  async run() {
    const found: string[] = []
    const files = globSync('src/waf/**/*.ts', { cwd: root }).filter(file => !testFile.test(file))
    for (const file of files) {
      if (loadTime.some(place => file.startsWith(place))) continue
      found.push(...regExpsOf(readFileSync(`${root}${file}`, 'utf8'), file))
    }
    if (found.length > 0) return { ok: false, problem: found.join('\n') }
    return { ok: true, note: `${files.length} files` }
  },
}

const stringMethodsOfRegExp = new Set(['match', 'matchAll', 'search'])

/** Each use of a RegExp in a source text: literals, the constructor, and string methods that make one of their argument. */
export function regExpsOf(text: string, file: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const isConstructor = ts.isIdentifier(node) && node.text === 'RegExp' && !isTypeName(node)
    const isMethod =
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      stringMethodsOfRegExp.has(node.expression.name.text) &&
      node.arguments[0]?.kind === ts.SyntaxKind.StringLiteral
    if (ts.isRegularExpressionLiteral(node) || isConstructor || isMethod) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      found.push(`${file}:${line + 1}: ${node.getText().slice(0, 80)}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isTypeName(node: ts.Identifier): boolean {
  return ts.isTypeReferenceNode(node.parent)
}

const linesMax = 500

export const fileLengths: Check = {
  name: `no source file over ${linesMax} lines`,
  async run() {
    const long = globSync('{src,demo,tools}/**/*.ts', { cwd: root })
      .filter(file => !testFile.test(file))
      .map(file => [file, readFileSync(`${root}${file}`, 'utf8').split('\n').length] as const)
      .filter(([file, lines]) => lines > linesMax && !file.includes('generated'))
    if (long.length === 0) return { ok: true }
    return { ok: false, problem: long.map(([file, lines]) => `${file}: ${lines} lines`).join('\n') }
  },
}
