// What a request is about, as far as the policies look at it: parameters of path and query, fields of the body. What
// could be read in two ways is not judged at all.

import type { Fields, FieldType } from '../contract/operation.ts'
import type { Found } from '../contract/operation-table.ts'
import { bytesToUtf8 } from '../lib/bytes.ts'
import { parseStrictObject } from '../lib/strict-json.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Resource, Unreadable } from './authorizer.ts'
import type { Read } from './reads.ts'
import type { CedarSchema } from './schema.ts'

const jsonDepthMax = 64

export function readResource(
  ex: Exchange,
  { operation, path }: Found,
  reads: readonly Read[],
  schema: CedarSchema,
): Resource | Unreadable {
  const id = operation.resourceId === undefined ? operation.id : (path[operation.resourceId] ?? '')
  const own = reads.filter(read => read[0] === 'resource').map(read => read.slice(1))
  if (own.length === 0) return { id, attributes: noAttributes }
  const of = (part: string) => own.filter(read => read[0] === part).map(read => read.slice(1))
  const attributes: Record<string, unknown> = {}
  const pathReads = of('path')
  if (pathReads.length > 0) attributes['path'] = only(path, pathReads)
  const queryReads = of('query')
  if (queryReads.length > 0) {
    const query = readQuery(ex.query, operation.query, queryReads)
    if (query === undefined) return { unreadable: 'a query parameter that policies look at stands there twice' }
    attributes['query'] = query
  }
  const bodyReads = of('body')
  if (bodyReads.length > 0) {
    const fields = schema.resources.get(operation.resourceType)?.body ?? new Map()
    const body = readBody(ex, fields, bodyReads)
    if ('unreadable' in body) return body
    attributes['body'] = body.value
  }
  return { id, attributes }
}

const noAttributes = Object.freeze({})

/** Of a record, what is asked for; all of it when it is asked for as a whole. */
function only(values: Readonly<Record<string, string>>, reads: readonly Read[]): Record<string, string> {
  const isWhole = reads.some(read => read.length === 0)
  return Object.fromEntries(Object.entries(values).filter(([name]) => isWhole || reads.some(read => read[0] === name)))
}

function readQuery(
  query: string,
  declared: readonly string[],
  reads: readonly Read[],
): Record<string, string> | undefined {
  const isWhole = reads.some(read => read.length === 0)
  const wanted = new Set(declared.filter(name => isWhole || reads.some(read => read[0] === name)))
  const values: Record<string, string> = {}
  for (const pair of query === '' ? [] : bytesToUtf8(query).split('&')) {
    const equals = pair.indexOf('=')
    const name = formDecoded(equals < 0 ? pair : pair.slice(0, equals))
    if (!wanted.has(name)) continue
    if (Object.hasOwn(values, name)) return undefined
    values[name] = formDecoded(equals < 0 ? '' : pair.slice(equals + 1))
  }
  return values
}

/** application/x-www-form-urlencoded; what is not UTF-8 stays as it is. */
function formDecoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

function readBody(ex: Exchange, fields: Fields, reads: readonly Read[]): Unreadable | { readonly value: unknown } {
  const { bytes, complete } = ex.body
  if (!complete) return { unreadable: 'the body that policies look at is too large' }
  if (bytes.length === 0) return { value: {} }
  const type = ex.headers.get('content-type') ?? ''
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    return { unreadable: 'the body that policies look at is not JSON by its content type' }
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const data = Buffer.byteLength(text) === bytes.length ? parseStrictObject(text, jsonDepthMax) : undefined
  if (!data) return { unreadable: 'the body that policies look at is no JSON object that all read alike' }
  const value = readRecord(data, fields, reads)
  return value === undefined
    ? { unreadable: 'a field of the body that policies look at is of another type than the document says' }
    : { value }
}

/** Undefined when a field that is asked for is of another type. */
function readRecord(data: Readonly<Record<string, unknown>>, fields: Fields, reads: readonly Read[]) {
  const isWhole = reads.some(read => read.length === 0)
  const record: Record<string, unknown> = {}
  for (const [name, { type }] of fields) {
    const own = reads.filter(read => read[0] === name).map(read => read.slice(1))
    const given = Object.hasOwn(data, name) ? data[name] : undefined
    if ((own.length === 0 && !isWhole) || given === undefined || given === null) continue
    const value = readValue(given, type, isWhole ? [[]] : own)
    if (value === undefined) return undefined
    record[name] = value
  }
  return record
}

function readValue(given: unknown, type: FieldType, reads: readonly Read[]): unknown {
  switch (type.kind) {
    case 'String':
      return typeof given === 'string' ? given : undefined
    case 'Bool':
      return typeof given === 'boolean' ? given : undefined
    case 'Long':
      return Number.isSafeInteger(given) ? given : undefined
    case 'Set': {
      if (!Array.isArray(given)) return undefined
      const items = given.map(item => readValue(item, type.of, [[]]))
      return items.includes(undefined) ? undefined : items
    }
    case 'Record': {
      const isRecord = typeof given === 'object' && given !== null && !Array.isArray(given)
      return isRecord ? readRecord(given as Readonly<Record<string, unknown>>, type.fields, reads) : undefined
    }
  }
}
