// For tests and benchmarks alone: a PCRE pattern rewritten for V8, whose backtracking matcher is then the oracle.
// Works on the spelling, not on our tree, so that it does not share the parser's mistakes. Every byte class is spelt
// out, because JavaScript's \s, \w, i and m differ from PCRE's over bytes.

interface Flags {
  i: boolean
  m: boolean
  s: boolean
}

const classes: Record<string, string> = {
  d: '0-9',
  w: '0-9A-Z_a-z',
  s: '\\x09-\\x0d\\x20',
  h: '\\x09\\x20\\xa0',
  v: '\\x0a-\\x0d\\x85',
  D: '\\x00-\\x2f\\x3a-\\xff',
  W: '\\x00-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\xff',
  S: '\\x00-\\x08\\x0e-\\x1f\\x21-\\xff',
  H: '\\x00-\\x08\\x0a-\\x1f\\x21-\\x9f\\xa1-\\xff',
  V: '\\x00-\\x09\\x0e-\\x84\\x86-\\xff',
}
const controls: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, e: 27, a: 7 }

export function toV8(pattern: string, options: Partial<Flags> = {}): RegExp {
  const flags: Flags = { i: options.i === true, m: options.m === true, s: options.s === true }
  const saved: Flags[] = []
  let out = ''
  let pos = 0
  /** Where the last atom of one byte starts in `out`, for possessive quantifiers. */
  let atom = 0
  const hex = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`
  const fold = (byte: number) => {
    const lower = byte | 0x20
    return flags.i && lower >= 0x61 && lower <= 0x7a ? `${hex(lower)}${hex(lower & 0xdf)}` : hex(byte)
  }
  const escapedByte = (): number => {
    const char = pattern[pos + 1] ?? ''
    if (char === 'x') {
      const match = /^\\x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{0,2}))/.exec(pattern.slice(pos))
      pos += match?.[0].length ?? 0
      return Number.parseInt(match?.[1] ?? match?.[2] ?? '0', 16)
    }
    pos += 2
    return controls[char] ?? char.charCodeAt(0)
  }
  const readClass = (): string => {
    let body = ''
    pos++
    const negated = pattern[pos] === '^'
    if (negated) pos++
    const item = (): number | string => {
      const posix = /^\[:([a-z]+):\]/.exec(pattern.slice(pos))
      if (posix !== null) throw new Error(`no oracle for ${posix[0]}`)
      if (pattern[pos] !== '\\') return pattern.charCodeAt(pos++)
      const set = classes[pattern[pos + 1] ?? '']
      if (set === undefined) return escapedByte()
      pos += 2
      return set
    }
    for (let first = true; first || pattern[pos] !== ']'; first = false) {
      const start = item()
      if (typeof start === 'string') {
        body += start
        continue
      }
      let end = start
      if (pattern[pos] === '-' && pattern[pos + 1] !== ']') {
        const hyphen = pos++
        const next = item()
        if (typeof next === 'number') end = next
        else pos = hyphen
      }
      for (let byte = start; byte <= end; byte++) body += fold(byte)
    }
    pos++
    return body === '' ? (negated ? '[^]' : '[]') : `[${negated ? '^' : ''}${body}]`
  }
  while (pos < pattern.length) {
    const char = pattern[pos] ?? ''
    if (!'*+?{'.includes(char)) atom = out.length
    if (char === '[') out += readClass()
    else if (char === '.') {
      out += flags.s ? '[^]' : '[^\\n]'
      pos++
    } else if (char === '^') {
      out += flags.m ? '(?:(?<![^])|(?<=\\n)(?=[^]))' : '(?<![^])'
      pos++
    } else if (char === '$') {
      out += flags.m ? '(?=\\n|(?![^]))' : '(?=\\n?(?![^]))'
      pos++
    } else if (char === '(') {
      const head = /^\(\?([a-z]*)(?:-([a-z]+))?([:)])/.exec(pattern.slice(pos))
      if (head === null) {
        saved.push({ ...flags })
        const open = /^\((?:\?<?[!=])?/.exec(pattern.slice(pos))?.[0] ?? '('
        out += open
        pos += open.length
        continue
      }
      if (head[3] === ':') {
        saved.push({ ...flags })
        out += '(?:'
      }
      for (const flag of head[1] ?? '') flags[flag as keyof Flags] = true
      for (const flag of head[2] ?? '') flags[flag as keyof Flags] = false
      pos += head[0].length
    } else if (char === ')') {
      Object.assign(flags, saved.pop())
      out += ')'
      pos++
    } else if (char === '\\') {
      const next = pattern[pos + 1] ?? ''
      const simple: Record<string, string> = { b: '\\b', B: '\\B', A: '(?<![^])', z: '(?![^])', Z: '(?=\\n?(?![^]))' }
      if (/[1-9]/.test(next)) {
        out += `(?:\\${next})`
        pos += 2
      } else if (classes[next] !== undefined) {
        out += `[${classes[next]}]`
        pos += 2
      } else if (simple[next] !== undefined) {
        out += simple[next]
        pos += 2
      } else out += `[${fold(escapedByte())}]`
    } else if (char === '{') {
      const counts = /^\{[0-9]+(?:,[0-9]*)?\}/.exec(pattern.slice(pos))?.[0]
      out += counts ?? '\\{'
      pos += counts?.length ?? 1
    } else if (char === '+' && /[*+}]$/.test(pattern.slice(0, pos)) && !/\\.$/.test(pattern.slice(0, pos))) {
      out += `(?!${out.slice(atom, -1)})`
      pos++
    } else if ('*+?|'.includes(char)) {
      out += char
      pos++
    } else {
      out += `[${fold(pattern.charCodeAt(pos++))}]`
    }
  }
  return new RegExp(out)
}
