// How the directives that are settings read their values. Each setter returns what is wrong as text.

import { bufferToBytes } from '../../lib/bytes.ts'
import { compileRegex } from '../regex/index.ts'
import { bestFitAscii, parseUnicodeMap } from '../transforms/unicode-map.ts'
import type { AuditEngine, FilePort } from '../types.ts'
import type { EngineSettings } from './settings.ts'

export type Setter = (settings: EngineSettings, value: string, more: SetterContext) => string | undefined

export interface SetterContext {
  readonly values: readonly string[]
  readonly files: FilePort
  readonly file: string
}

export function setEngine(settings: EngineSettings, value: string): string | undefined {
  const modes = { on: 'on', off: 'off', detectiononly: 'detection-only' } as const
  const mode = Object.entries(modes).find(([name]) => name === value.toLowerCase())
  if (!mode) return 'must be On, Off or DetectionOnly'
  settings.engine = mode[1]
  return undefined
}

export function onOff(key: 'requestBodyAccess' | 'responseBodyAccess'): Setter {
  return (settings, value) => {
    const lower = value.toLowerCase()
    if (lower !== 'on' && lower !== 'off') return 'must be On or Off'
    settings[key] = lower === 'on'
    return undefined
  }
}

export function bytes(key: 'requestBodyLimitBytes' | 'requestFieldsLimitBytes' | 'responseBodyLimitBytes'): Setter {
  return (settings, value) => setNumber(value, 1, 1024 ** 3, number => (settings[key] = number))
}

type Count = 'jsonDepth' | 'jsonKeys' | 'xmlDepth' | 'xmlNodes' | 'multipartParts' | 'arguments' | 'uploadFiles'

export function count(key: Count, max: number): Setter {
  return (settings, value) => setNumber(value, 1, max, number => (settings[key] = number))
}

function setNumber(value: string, min: number, max: number, set: (number: number) => void): string | undefined {
  const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= min && number <= max)) return `must be a number from ${min} to ${max}`
  set(number)
  return undefined
}

export function overflow(key: 'requestBodyOverflow' | 'responseBodyOverflow'): Setter {
  return (settings, value) => {
    const lower = value.toLowerCase()
    if (lower !== 'reject' && lower !== 'processpartial') return 'must be Reject or ProcessPartial'
    settings[key] = lower === 'reject' ? 'reject' : 'process-partial'
    return undefined
  }
}

export function oneCharacter(key: 'argumentSeparator' | 'cookieSeparator'): Setter {
  return (settings, value) => {
    if (value.length !== 1) return 'must be one character'
    settings[key] = value
    return undefined
  }
}

export function only(allowed: string, message: string): Setter {
  return (_settings, value) => (value.toLowerCase() === allowed ? undefined : message)
}

export function setTypes(settings: EngineSettings, _value: string, more: SetterContext): string | undefined {
  if (more.values.length === 0) return 'takes media types such as text/html'
  settings.responseBodyTypes = [...new Set(more.values.map(value => value.toLowerCase()))]
  return undefined
}

export function setCollectionTimeout(settings: EngineSettings, value: string): string | undefined {
  return setNumber(value, 1, 31_536_000, seconds => (settings.collectionTimeoutMs = seconds * 1000))
}

/** `SecUnicodeMapFile FILE CODEPAGE`. Where there is no such file, code page 20127 (ASCII) is made by the engine itself. */
export function setUnicodeMap(settings: EngineSettings, path: string, more: SetterContext): string | undefined {
  const codePage = Number(more.values[1] ?? '20127')
  if (path === '' || !Number.isInteger(codePage)) return 'takes a file and the number of a code page'
  let text: string | undefined
  try {
    text = bufferToBytes(more.files.read(more.files.resolve(more.file, path)))
  } catch {
    if (codePage !== 20127) return `cannot read ${path}, and only code page 20127 is built in`
    settings.unicodeMap = bestFitAscii()
    return undefined
  }
  settings.unicodeMap = parseUnicodeMap(text, codePage)
  return settings.unicodeMap ? undefined : `${path} has no code page ${codePage}`
}

export function setAuditEngine(settings: EngineSettings, value: string): string | undefined {
  const engine = parseAuditEngine(value)
  if (engine === undefined) return 'must be On, Off or RelevantOnly'
  settings.audit.engine = engine
  return undefined
}

function parseAuditEngine(value: string): AuditEngine | undefined {
  const engines = { on: 'on', off: 'off', relevantonly: 'relevant-only' } as const
  return Object.entries(engines).find(([name]) => name === value.toLowerCase())?.[1]
}

export function setAuditParts(settings: EngineSettings, value: string): string | undefined {
  if (!/^[A-KZ]+$/i.test(value)) return 'takes letters A to K and Z, such as ABFHZ'
  settings.audit.parts = value.toUpperCase()
  return undefined
}

/** The pattern is tried on every status there is, so that no request waits for it. */
export function setRelevantStatus(settings: EngineSettings, value: string): string | undefined {
  const compiled = compileRegex(value)
  if (!compiled.ok) return compiled.message
  const statuses = new Set<number>()
  for (let status = 100; status <= 599; status++) if (compiled.regex.test(String(status))) statuses.add(status)
  settings.audit.relevantStatuses = statuses
  return undefined
}

const maxComponents = 100

export function addComponent(settings: EngineSettings, value: string): string | undefined {
  const known = settings.components
  if (!known.includes(value) && known.length < maxComponents) settings.components = [...known, value]
  return undefined
}
