// Cuts a file of policies into its statements, so that each can be named and every problem has a place. In Cedar a
// semicolon ends a statement and stands nowhere else but in strings and comments.

export interface Statement {
  readonly text: string
  /** 1-based, of its first character. */
  readonly line: number
  readonly column: number
}

export function statementsOf(text: string): Statement[] {
  const statements: Statement[] = []
  let start = -1
  /** Where the line of `start` begins. */
  let lineStart = 0
  let line = 1
  let next = 0
  const begin = (at: number) => {
    start = at
    for (let end = text.indexOf('\n', next); end >= 0 && end < at; end = text.indexOf('\n', next)) {
      line++
      lineStart = end + 1
      next = end + 1
    }
  }
  const add = (end: number) => {
    statements.push({ text: text.slice(start, end), line, column: start - lineStart + 1 })
    start = -1
  }
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (c === '/' && text.charAt(i + 1) === '/') {
      const end = text.indexOf('\n', i)
      i = end < 0 ? text.length : end
    } else if (c === '"') {
      if (start < 0) begin(i)
      i = endOfString(text, i)
    } else if (c === ';') {
      if (start < 0) begin(i)
      add(i + 1)
    } else if (start < 0 && !/\s/.test(c)) begin(i)
  }
  if (start >= 0) add(text.length)
  return statements
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text.charAt(i) === '\\') i++
    else if (text.charAt(i) === '"') return i
  }
  return text.length
}

/** Where a character of a text stands, as people count. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 }
}
