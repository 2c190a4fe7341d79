// The mail template engine of the shop. `{{ … }}`, `${ … }`, `#{ … }` and `<%= … %>` hold expressions of the demo's script
// language, and the whole template comes from the client: server-side template injection.

import { evaluateScript, type ScriptObject, showValue } from './script.ts'

const expression = /\{\{([\s\S]*?)\}\}|\$\{([\s\S]*?)\}|#\{([\s\S]*?)\}|<%=?([\s\S]*?)%>/g
const maxExpressions = 50

/** Fills a template. An expression that fails shows its error, as a template engine in debug mode does. */
export function renderTemplate(template: string, globals: ScriptObject): string {
  let count = 0
  return template.replace(expression, (whole, ...groups: (string | undefined)[]) => {
    const source = groups.slice(0, 4).find(group => group !== undefined)
    if (source === undefined || ++count > maxExpressions) return whole
    try {
      return showValue(evaluateScript(source.trim(), globals))
    } catch (error) {
      return error instanceof Error ? `[${error.name}: ${error.message}]` : ''
    }
  })
}
