// Cuts a script of the demo (script-parse.ts) into names, numbers, strings and signs.

const maxSourceLength = 16_384

const tokenPattern =
  /\s+|\/\/[^\n]*|(\d+(?:\.\d+)?)|([A-Za-z_$][\w$]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)|(===|!==|=>|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:;,.=(){}[\]])/y

export interface Token {
  readonly kind: 'number' | 'name' | 'string' | 'sign'
  readonly text: string
}

/** @throws SyntaxError for a character that starts no token */
export function tokenize(source: string): Token[] {
  if (source.length > maxSourceLength) throw new SyntaxError('script is too long')
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < source.length) {
    const at = tokenPattern.lastIndex
    const match = tokenPattern.exec(source)
    if (!match) throw new SyntaxError(`unexpected character at ${at}`)
    const [, number, name, string, sign] = match
    if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else if (string !== undefined) tokens.push({ kind: 'string', text: unescapeText(string.slice(1, -1)) })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign })
  }
  return tokens
}

function unescapeText(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\s\S])/g, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return { n: '\n', r: '\r', t: '\t', '0': '\0' }[code] ?? code
  })
}
