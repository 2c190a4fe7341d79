// detectObject: a serialized object where a plain value belongs, which makes a careless server build objects of the
// sender's choice: Java, PHP, .NET, Python pickle, Ruby, YAML, node-serialize, and JSON that names the class to build.

import type { ByteString } from '../../lib/bytes.ts'
import { phpObject } from './php-serialized.ts'
import { isWordByte, skipBlanks, startsWithAny, wordEnd } from './reading.ts'
import type { Detection } from './types.ts'

export function detectObject(value: ByteString): Detection | undefined {
  return binary(value) ?? (value.includes(':') ? phpObject(value) : undefined) ?? encoded(value) ?? text(value)
}

/** Magic bytes of Java, BinaryFormatter, and of a pickle or a Ruby object that calls something. */
function binary(value: ByteString): Detection | undefined {
  const java = value.indexOf('\xac\xed\0\x05')
  if (java >= 0) return { reason: 'Java object', start: java, end: java + 4 }
  if (value.startsWith('\0\x01\0\0\0\xff\xff\xff\xff')) return { reason: '.NET object', start: 0, end: 9 }
  const c = value.charCodeAt(0)
  if (c === 0x80 && isPickle(value)) return { reason: 'Python pickle', start: 0, end: Math.min(value.length, 24) }
  if (c === 0x04 && value.charCodeAt(1) === 0x08 && isRubyObject(value))
    return { reason: 'Ruby object', start: 0, end: Math.min(value.length, 24) }
  if (value.endsWith('.') && isOldPickle(value))
    return { reason: 'Python pickle', start: 0, end: Math.min(value.length, 24) }
  return undefined
}

/** Protocol 2 to 5, and an opcode that calls: GLOBAL, STACK_GLOBAL, REDUCE, BUILD, NEWOBJ. */
function isPickle(value: ByteString): boolean {
  const protocol = value.charCodeAt(1)
  if (protocol < 2 || protocol > 5) return false
  return value.includes('R') || value.includes('\x93') || value.includes('\x81') || value.includes('b')
}

/** Protocol 0: `c`, a module and a name in lines, and a call. */
function isOldPickle(value: ByteString): boolean {
  const lines = value.slice(0, 400).split('\n', 3)
  const head = lines[0] ?? ''
  const start = head.startsWith('(') ? 1 : 0
  const isGlobal = head.charAt(start) === 'c' || head.charAt(start) === 'i'
  return lines.length === 3 && isGlobal && isDotted(head.slice(start + 1)) && isDotted(lines[1] ?? '')
}

function isDotted(word: ByteString): boolean {
  if (word.length < 2 || word.length > 80) return false
  for (let i = 0; i < word.length; i++) {
    const c = word.charCodeAt(i) | 0x20
    if (!((c >= 0x61 && c <= 0x7a) || c === 0x2e || c === 0x7f || (c >= 0x30 && c <= 0x39))) return false
  }
  return true
}

/** Marshal 4.8 with an object, a class or a module in it. */
function isRubyObject(value: ByteString): boolean {
  for (const mark of ['o:', 'c', 'm', 'e:', 'U:', 'u:']) {
    const at = value.indexOf(mark, 2)
    const name = value.charCodeAt(at + mark.length + 1)
    if (at >= 2 && at < 400 && name >= 0x41 && name <= 0x5a && value.includes('::')) return true
    if (at >= 2 && at < 400 && mark === 'o:' && name >= 0x41 && name <= 0x5a) return true
  }
  return false
}

/** What the magic bytes look like in base64 and hexadecimal, when the rest says so too. */
const heads: readonly (readonly [head: string, reason: string])[] = [
  ['rO0AB', 'Java object'],
  ['AAEAAAD/////', '.NET object'],
  ['aced0005', 'Java object'],
  ['ACED0005', 'Java object'],
  ['BAhv', 'Ruby object'],
]

function encoded(value: ByteString): Detection | undefined {
  for (const [head, reason] of heads) {
    const at = value.indexOf(head)
    if (at < 0 || isWordByte(value.charCodeAt(at - 1))) continue
    return { reason, start: at, end: Math.min(value.length, at + 24) }
  }
  return undefined
}

/** Markers in text, each with what must stand around it. */
function text(value: ByteString): Detection | undefined {
  if (value.length < 200 && startsWithAny(value, gadgets) && isClassAlone(value)) {
    return { reason: 'class of a gadget', start: 0, end: value.length }
  }
  const node = value.includes('_$$') ? value.toLowerCase().indexOf('_$$nd_func$$_') : -1
  if (node >= 0) return { reason: 'node-serialize function', start: node, end: node + 13 }
  return (
    (value.includes('!') ? yamlTag(value) : undefined) ??
    (value.includes('"') || value.includes("'") ? typedJson(value) : undefined) ??
    (value.includes('<') ? typedXml(value) : undefined)
  )
}

/** Packages whose classes are named by nobody but by who wants them built. */
const gadgets = (
  'com.sun.rowset. com.sun.org.apache. com.sun.jndi. org.apache.xalan. org.apache.commons.collections org.apache.commons.beanutils ' +
  'org.apache.commons.configuration org.apache.tomcat.dbcp. org.apache.ibatis. org.apache.naming. org.springframework.beans. ' +
  'org.springframework.context. org.springframework.aop. org.hibernate.jmx. ch.qos.logback.core.db. com.mchange.v2. com.zaxxer.hikari. ' +
  'com.caucho. javax.management. javax.swing.jeditorpane java.lang.processbuilder java.lang.runtime org.codehaus.groovy.'
).split(' ')

function isClassAlone(value: ByteString): boolean {
  return wordEnd(value, 0, 200, '.$') === value.length
}

const maxTags = 200

const javaRoots = 'java. javax. com. org. sun. net. groovy. clojure. jdk.'.split(' ')
const yamlKinds = 'object hash name module sym struct array code hashref regexp class tuple'.split(' ')
const yamlLanguages = ['python/', 'ruby/', 'perl/', 'php/']
const longTags = ['python/', 'java', 'ruby/', 'com.', 'org.'].map(kind => `<tag:yaml.org,2002:${kind}`)

/** `!!python/object/apply:os.system`, `!!javax.script.X [`, `!ruby/object:Gem`, `!<tag:yaml.org,2002:python/…>`. */
function yamlTag(value: ByteString): Detection | undefined {
  let tags = 0
  for (let at = value.indexOf('!'); at >= 0 && tags < maxTags; at = value.indexOf('!', at + 1), tags++) {
    const head = value.slice(at + 1, at + 60)
    const isLocal = !head.startsWith('!')
    const body = isLocal ? head : head.slice(1)
    const language = yamlLanguages.find(name => body.startsWith(name))
    const isOther = language !== undefined && startsWithAny(body.slice(language.length), yamlKinds)
    if ((!isLocal && isClassName(body)) || isOther || startsWithAny(head, longTags)) {
      return { reason: 'YAML tag', start: at, end: Math.min(value.length, at + 40) }
    }
  }
  return undefined
}

function isClassName(text: ByteString): boolean {
  return startsWithAny(text, javaRoots) && wordEnd(text, 0, 60, '.$') > 8
}

const typeKeys: readonly string[] = [
  ...['"@type"', '"$type"', "'$type'", '"@class"', '"__type"', '"java_class"', '"^o"'],
  ...['"py/object"', '"py/reduce"', '"json_class"', '"py/type"', '"py/function"', '"py/repr"'],
]

/** Members of JSON that name a class to build, with a class as their value. */
function typedJson(value: ByteString): Detection | undefined {
  for (const key of typeKeys) {
    const at = value.indexOf(key)
    const colon = at < 0 ? -1 : skipBlanks(value, at + key.length)
    if (at < 0 || value.charAt(colon) !== ':') continue
    let start = skipBlanks(value, colon + 1)
    while (
      start < colon + 20 &&
      (value.charAt(start) === '[' || value.charAt(start) === '"' || value.charAt(start) === "'")
    )
      start++
    const end = wordEnd(value, start, 200, '.$`[]/+, ;')
    if (end > start && isClass(key, value.slice(start, end))) return { reason: 'class in JSON', start: at, end }
  }
  const open = skipBlanks(value, 0)
  // Jackson: an array of a class and what to build it from.
  if (!value.startsWith('["', open)) return undefined
  const end = wordEnd(value, open + 2, 160, '.$')
  const isBuilt = value.startsWith('",', end) && startsWithAny(value.slice(open + 2, end), builtClasses)
  return isBuilt ? { reason: 'class in JSON', start: open, end } : undefined
}

const builtClasses =
  'com.sun. org.apache. org.spring org.hibernate. org.codehaus. org.jboss. java. javax. ch.qos. com.mchange. com.zaxxer. com.caucho. br.com.'.split(
    ' ',
  )
const netRoots = ['system', 'microsoft', 'mscorlib', 'presentationframework', 'windowsbase']

/** JSON-LD has `@type` too, with plain words or the names of vocabularies. */
function isClass(key: string, name: ByteString): boolean {
  if (key.startsWith('"py/') || key === '"json_class"') return true
  const lower = name.toLowerCase()
  if (key.includes('$type')) return startsWithAny(lower, netRoots) || (lower.includes('.') && lower.includes(','))
  const isArray = lower.startsWith('[') || (lower.startsWith('l') && (lower.includes('/') || lower.endsWith(';')))
  return isArray || (startsWithAny(lower, classRoots) && lower.split('.').length > 2)
}

const classRoots = [...javaRoots, 'ch.', 'oracle.', 'br.']

/** XMLDecoder, XStream, and ObjectDataProvider of XAML. */
function typedXml(value: ByteString): Detection | undefined {
  const lower = value.slice(0, 16_384).toLowerCase()
  for (const mark of xmlMarks) {
    const at = lower.indexOf(mark)
    if (at >= 0) return { reason: 'class in XML', start: at, end: at + mark.length }
  }
  return undefined
}

const xmlMarks: readonly string[] = [
  ...['<java version', '<java>', '<java.', '<object class="java', "<object class='java", 'class="java', "class='java"],
  ...['<void method=', '<dynamic-proxy', '<tree-map>', '<sorted-set>', 'objectdataprovider', '<cus-obj>', '<com.sun.'],
  ...['<org.codehaus.', '<jdk.nashorn', '<unserializable-parents'],
]
