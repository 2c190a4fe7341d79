// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells and templates write so
// Variants of a payload that still work: what evasion tools do to case, blanks, comments and encodings. Each class takes
// the ones that its language forgives.

export interface Mutator {
  readonly name: string
  readonly classes: 'all' | readonly string[]
  /** undefined when it would change nothing. */
  readonly apply: (payload: string) => string | undefined
}

const sql = ['sqli']
const html = ['xss']
const shell = ['rce']

export const mutators: readonly Mutator[] = [
  { name: 'as it is', classes: 'all', apply: payload => payload },
  { name: 'encoded once more', classes: 'all', apply: payload => encodeURIComponent(payload) },
  { name: 'encoded twice more', classes: 'all', apply: payload => encodeURIComponent(encodeURIComponent(payload)) },
  { name: 'every byte encoded', classes: 'all', apply: payload => escapeAll(payload, byte => `%${hex(byte, 2)}`) },
  {
    name: '%u escapes',
    classes: ['xss', 'sqli', 'lfi'],
    apply: payload => escapeAll(payload, byte => `%u00${hex(byte, 2)}`),
  },
  {
    name: 'JavaScript escapes',
    classes: ['xss', 'ssti'],
    apply: payload => escapeAll(payload, byte => `\\u00${hex(byte, 2)}`),
  },
  { name: 'HTML references', classes: ['xss', 'sqli'], apply: payload => escapeAll(payload, byte => `&#${byte};`) },
  {
    name: 'HTML references in hexadecimal',
    classes: html,
    apply: payload => escapeAll(payload, byte => `&#x${hex(byte, 2)};`),
  },
  {
    name: 'base64',
    classes: ['xss', 'sqli', 'rce', 'ssti', 'objects'],
    apply: payload => (payload.length < 12 ? undefined : Buffer.from(payload).toString('base64')),
  },
  {
    name: 'hexadecimal',
    classes: ['xss', 'sqli', 'rce', 'ssti', 'lfi', 'code'],
    apply: payload => (payload.length < 10 ? undefined : Buffer.from(payload).toString('hex')),
  },
  { name: 'mixed case', classes: ['sqli', 'xss'], apply: mixedCase },
  { name: 'upper case', classes: sql, apply: payload => payload.toUpperCase() },
  { name: 'lower case', classes: sql, apply: payload => payload.toLowerCase() },
  { name: 'comments for blanks', classes: sql, apply: payload => payload.replaceAll(' ', '/**/') },
  { name: 'tabs for blanks', classes: [...sql, ...shell], apply: payload => payload.replaceAll(' ', '\t') },
  { name: 'line feeds for blanks', classes: sql, apply: payload => payload.replaceAll(' ', '\n') },
  {
    name: 'plus for blanks',
    classes: [...sql, ...shell],
    apply: payload => payload.replaceAll(' ', '+').replace(/^/, '%20'),
  },
  { name: 'more blanks', classes: [...sql, ...shell], apply: payload => payload.replaceAll(' ', '   ') },
  { name: 'versioned comments', classes: sql, apply: payload => swap(payload, /\b(union|select)\b/gi, '/*!50000$1*/') },
  { name: 'hash comment and line feed', classes: sql, apply: payload => payload.replaceAll(' ', '%23x%0A') },
  {
    name: 'other operators',
    classes: sql,
    apply: payload => swap(swap(payload, / OR /g, ' || ') ?? payload, / AND /g, ' && '),
  },
  { name: 'LIKE for equals', classes: sql, apply: payload => swap(payload, /(\d)=(\d)/g, '$1 LIKE $2') },
  { name: 'a prefix', classes: [...sql, ...shell], apply: payload => `abc${payload}` },
  { name: 'a number before', classes: sql, apply: payload => `9999${payload}` },
  { name: 'slashes in tags', classes: html, apply: payload => swap(payload, /<(\w+) /g, '<$1/') },
  { name: 'line feeds in tags', classes: html, apply: payload => swap(payload, /<(\w+) /g, '<$1\n') },
  { name: 'text before', classes: html, apply: payload => `hello ${payload} bye` },
  { name: 'backticks for parentheses', classes: html, apply: payload => swap(payload, /alert\(1\)/g, 'alert`1`') },
  { name: 'another function', classes: html, apply: payload => swap(payload, /alert\(/g, 'top["al"+"ert"](') },
  { name: 'a tab in the scheme', classes: html, apply: payload => swap(payload, /javascript:/g, 'java\tscript:') },
  {
    name: 'quotes in the command',
    classes: shell,
    apply: payload =>
      swap(
        payload,
        /\b(cat|id|whoami|uname|ls|wget|curl|sleep|bash)\b/g,
        word => `${word.slice(0, 1)}''${word.slice(1)}`,
      ),
  },
  {
    name: 'backslashes in the command',
    classes: shell,
    apply: payload =>
      swap(
        payload,
        /\b(cat|id|whoami|uname|ls|wget|curl|sleep|bash)\b/g,
        word => `${word.slice(0, 1)}\\${word.slice(1)}`,
      ),
  },
  {
    name: '$@ in the command',
    classes: shell,
    apply: payload =>
      swap(payload, /\b(cat|whoami|uname|wget|curl|sleep)\b/g, word => `${word.slice(0, 2)}$@${word.slice(2)}`),
  },
  {
    name: '${IFS} for blanks',
    classes: shell,
    apply: payload => (/^[;|&]/.test(payload) ? swap(payload, /(?<=\w) (?=\S)/g, '${IFS}') : undefined),
  },
  {
    name: 'a line feed before',
    classes: shell,
    apply: payload => (/^[;|&]/.test(payload) ? `x\n${payload.replace(/^[;|& ]+/, '')}` : undefined),
  },
  {
    name: 'the folder of the command',
    classes: shell,
    apply: payload => swap(payload, /(?<=[;|&] ?)(cat|id|whoami|uname|ls|sleep)\b/g, '/bin/$1'),
  },
  {
    name: 'backslashes for slashes',
    classes: ['lfi'],
    apply: payload => (payload.includes('..') ? swap(payload, /\//g, '\\') : undefined),
  },
  {
    name: 'overlong slashes',
    classes: ['lfi'],
    apply: payload => (payload.includes('../') ? payload.replaceAll('../', '..%c0%af') : undefined),
  },
  {
    name: 'encoded dots',
    classes: ['lfi'],
    apply: payload => (payload.includes('../') ? payload.replaceAll('..', '%2e%2e') : undefined),
  },
  {
    name: 'dots in the path',
    classes: ['lfi'],
    apply: payload => (payload.includes('../') ? payload.replaceAll('../', '.././') : undefined),
  },
  {
    name: 'doubled slashes',
    classes: ['lfi'],
    apply: payload => (payload.includes('://') ? undefined : swap(payload, /\//g, '//')),
  },
  { name: 'a NUL at the end', classes: ['lfi'], apply: payload => `${payload}%00.png` },
  { name: 'blanks in the expression', classes: ['ssti'], apply: payload => swap(payload, /\{\{/g, '{{ ') },
  { name: 'text around', classes: ['ssti', 'objects'], apply: payload => `Hi ${payload} there` },
  { name: 'a path behind', classes: ['ssrf'], apply: payload => `${payload}x?y=1` },
  {
    name: 'upper case of the scheme',
    classes: ['ssrf'],
    apply: payload => swap(payload, /^\w+/, word => word.toUpperCase()),
  },
  { name: 'blank before', classes: ['ssrf', 'nosqli'], apply: payload => ` ${payload}` },
  // What sqlmap's tampers do, and their like.
  {
    name: 'a versioned comment around everything',
    classes: sql,
    apply: payload => swap(payload, /\b(SLEEP|version|user)\b/gi, '/*!$&*/'),
  },
  { name: 'BETWEEN for greater', classes: sql, apply: payload => swap(payload, />\s*(\d+)/g, ' NOT BETWEEN 0 AND $1') },
  { name: 'brackets for blanks', classes: sql, apply: payload => swap(payload, /\bOR (\d)=(\d)/gi, 'OR($1)=($2)') },
  { name: 'vertical tabs for blanks', classes: sql, apply: payload => payload.replaceAll(' ', '\x0b') },
  { name: 'no-break spaces for blanks', classes: sql, apply: payload => payload.replaceAll(' ', '\xa0') },
  { name: 'dash comments and line feeds', classes: sql, apply: payload => payload.replaceAll(' ', '--x\n') },
  { name: 'scientific numbers', classes: sql, apply: payload => swap(payload, /\b1=1\b/g, '1e0=1e0') },
  { name: 'hexadecimal numbers', classes: sql, apply: payload => swap(payload, /\b1=1\b/g, '0x1=0x1') },
  {
    name: 'zero-width spaces',
    classes: ['sqli', 'xss', 'rce'],
    apply: payload => payload.replace(/(\w)(\w)/, '$1\u200b$2'),
  },
  { name: 'full-width quotes', classes: sql, apply: payload => swap(payload, /'/g, '\uff07') },
  {
    name: 'base64 in a JSON string',
    classes: ['code', 'lookups', 'objects'],
    apply: payload => JSON.stringify({ data: Buffer.from(payload).toString('base64') }),
  },
  {
    name: 'a JSON string in a string',
    classes: ['sqli', 'xss', 'code', 'ssti', 'lookups'],
    apply: payload => JSON.stringify({ q: payload }),
  },
  { name: 'comments in calls', classes: ['code'], apply: payload => swap(payload, /(\w)\(/g, '$1/**/(') },
  { name: 'a tab before brackets', classes: ['code'], apply: payload => swap(payload, /(\w)\(/g, '$1\t(') },
  {
    name: 'carets in the command',
    classes: ['windows'],
    apply: payload => swap(payload, /\b(whoami|certutil|set|cmd)\b/, word => `${word.slice(0, 1)}^${word.slice(1)}`),
  },
  { name: 'mixed case of commands', classes: ['windows'], apply: mixedCase },
  { name: 'upper case of the lookup', classes: ['lookups'], apply: payload => swap(payload, /jndi/g, 'JNDI') },
  {
    name: 'letters by lower',
    classes: ['lookups'],
    apply: payload => swap(payload, /jndi/g, '${lower:j}n${lower:d}i'),
  },
  { name: 'blanks in the filter', classes: ['ldap'], apply: payload => swap(payload, /\)\(/g, ') (') },
  { name: 'line feeds in the filter', classes: ['ldap'], apply: payload => swap(payload, /\)\(/g, ')\n(') },
  { name: 'blanks in the path', classes: ['xpath'], apply: payload => swap(payload, /\(/g, ' (') },
  { name: 'a bare line feed', classes: ['headers'], apply: payload => swap(payload, /\r\n/g, '\n') },
  { name: 'a bare carriage return', classes: ['headers'], apply: payload => swap(payload, /\r\n/g, '\r') },
  {
    name: 'joined strings',
    classes: ['ssti', 'code'],
    apply: payload => swap(payload, /(['"])(\w{2})(\w{2,})\1/, '$1$2$1+$1$3$1'),
  },
  { name: 'top-level await', classes: html, apply: payload => swap(payload, /alert\(1\)/g, 'await(alert)(1)') },
  { name: 'optional calls', classes: html, apply: payload => swap(payload, /alert\(1\)/g, 'alert?.(1)') },
  { name: 'entities in handlers', classes: html, apply: payload => swap(payload, /alert\(1\)/g, 'alert&lpar;1&rpar;') },
  { name: 'form feeds in tags', classes: html, apply: payload => swap(payload, /<(\w+) /g, '<$1\f') },
]

function hex(byte: number, digits: number): string {
  return byte.toString(16).padStart(digits, '0')
}

function escapeAll(payload: string, write: (byte: number) => string): string {
  return [...Buffer.from(payload)].map(write).join('')
}

/** Letters alternate, but for those of escapes and strings, which a server reads as they are. */
function mixedCase(payload: string): string {
  return payload.replace(/[a-z]{3,}/gi, word =>
    [...word].map((letter, i) => (i % 2 === 0 ? letter.toUpperCase() : letter.toLowerCase())).join(''),
  )
}

function swap(payload: string, pattern: RegExp, to: string | ((word: string) => string)): string | undefined {
  const out = typeof to === 'string' ? payload.replace(pattern, to) : payload.replace(pattern, to)
  return out === payload ? undefined : out
}
