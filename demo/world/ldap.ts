// The staff directory: a few entries and an evaluator of LDAP search filters (RFC 4515). Like some servers it evaluates
// the first complete filter and ignores what follows, which is what filter injection lives on.

export type Entry = Readonly<Record<string, string>>

const entries: readonly Entry[] = [
  {
    objectclass: 'person',
    uid: 'ada',
    cn: 'Ada Keeper',
    mail: 'ada@postern.example',
    userpassword: 'portcullis-77',
    room: '101',
  },
  {
    objectclass: 'person',
    uid: 'grace',
    cn: 'Grace Okafor',
    mail: 'grace@postern.example',
    userpassword: 'gatehouse',
    room: '102',
  },
  {
    objectclass: 'service',
    uid: 'backup',
    cn: 'Backup service',
    mail: '',
    userpassword: 'demo-backup-password',
    room: '',
  },
]

const maxDepth = 50

type Test = (entry: Entry) => boolean

/** The entries that match a filter. @throws SyntaxError */
export function searchDirectory(filter: string): Entry[] {
  const [test] = parseFilter(filter, 0, 0)
  return entries.filter(test)
}

/** Parses the filter that starts at `at`; gives it with the place after it. */
function parseFilter(source: string, at: number, depth: number): [Test, number] {
  if (depth > maxDepth) throw new SyntaxError('filter is nested too deeply')
  if (source.charAt(at) !== '(') throw new SyntaxError(`filter: expected ( at ${at}`)
  const operator = source.charAt(at + 1)
  if (operator !== '&' && operator !== '|' && operator !== '!') return parseItem(source, at + 1)
  const tests: Test[] = []
  let next = at + 2
  while (source.charAt(next) === '(') {
    const [test, end] = parseFilter(source, next, depth + 1)
    tests.push(test)
    next = end
  }
  if (source.charAt(next) !== ')') throw new SyntaxError(`filter: expected ) at ${next}`)
  if (operator === '&') return [entry => tests.every(test => test(entry)), next + 1]
  if (operator === '|') return [entry => tests.some(test => test(entry)), next + 1]
  return [entry => !tests[0]?.(entry), next + 1]
}

function parseItem(source: string, at: number): [Test, number] {
  const end = source.indexOf(')', at)
  const match = /^([\w-]+)(~=|>=|<=|=)([^(]*)$/.exec(source.slice(at, end < 0 ? source.length : end))
  if (end < 0 || !match) throw new SyntaxError(`filter: malformed item at ${at}`)
  const [, name = '', operator, value = ''] = match
  const key = name.toLowerCase()
  const text = (entry: Entry) => (Object.hasOwn(entry, key) ? (entry[key] ?? '') : '')
  if (operator === '>=') return [entry => text(entry) >= unescapeValue(value), end + 1]
  if (operator === '<=') return [entry => text(entry) <= unescapeValue(value), end + 1]
  const parts = value.split('*').map(part => unescapeValue(part).toLowerCase())
  return [entry => text(entry) !== '' && matchesParts(text(entry).toLowerCase(), parts), end + 1]
}

function matchesParts(text: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts
  if (rest.length === 0) return text === first
  const last = rest.pop() ?? ''
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}

function unescapeValue(value: string): string {
  return value.replace(/\\([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
