// What a JSON Schema says of the fields below it, in the shape that names of arguments are looked up in. Schemas that
// refer to themselves become forms that do. What a schema leaves open stays open: such fields are judged as any other.

import type { ByteString } from '../lib/bytes.ts'
import { formNamed, formOfChoices, type ValueForm } from './value-form.ts'

export type FieldForm =
  /** `form` is undefined for texts of no format. */
  | { readonly kind: 'value'; readonly form: ValueForm | undefined }
  /** Documentation, articles, code that people post. */
  | { readonly kind: 'richText' }
  | { readonly kind: 'object'; readonly members: Map<ByteString, FieldForm> }
  | { readonly kind: 'list'; item: FieldForm | undefined }

type Section = Readonly<Record<string, unknown>>

/** Schemas of one document; those beyond are left open. */
export const formsMax = 20_000
/** Schemas within `allOf` within `allOf`. */
const mergeDepthMax = 8
const choicesMax = 1000

const richTypes = new Set(['text/html', 'text/markdown', 'text/x-markdown', 'text/asciidoc', 'text/x-rst'])
const richFormats = new Set(['markdown', 'html', 'richtext', 'rich-text', 'commonmark'])

export class FieldForms {
  readonly #resolve: (value: unknown) => unknown
  readonly #known = new Map<unknown, FieldForm | undefined>()

  constructor(resolve: (value: unknown) => unknown) {
    this.#resolve = resolve
  }

  /** Undefined where the schema leaves open what there is. */
  of(given: unknown): FieldForm | undefined {
    const schema = sectionOf(this.#resolve(given))
    if (this.#known.has(schema)) return this.#known.get(schema)
    if (this.#known.size >= formsMax) return undefined
    this.#known.set(schema, undefined)
    return this.#make(schema, form => this.#known.set(schema, form))
  }

  #make(schema: Section, keep: (form: FieldForm | undefined) => void): FieldForm | undefined {
    const type = typeOf(schema)
    if (type === 'array') {
      const list: FieldForm = { kind: 'list', item: undefined }
      keep(list)
      list.item = this.of(schema['items'])
      return list
    }
    if (type === 'object' || (type === undefined && (schema['properties'] ?? schema['allOf']) !== undefined)) {
      const members = new Map<ByteString, FieldForm>()
      const object: FieldForm = { kind: 'object', members }
      keep(object)
      this.#addMembers(schema, members, 0)
      return object
    }
    const form = type === undefined ? this.#alternative(schema) : singleValue(schema, type)
    keep(form)
    return form
  }

  #addMembers(schema: Section, members: Map<ByteString, FieldForm>, depth: number): void {
    for (const part of depth < mergeDepthMax ? listOf(schema['allOf']) : []) {
      this.#addMembers(sectionOf(this.#resolve(part)), members, depth + 1)
    }
    for (const [name, property] of Object.entries(sectionOf(schema['properties']))) {
      const form = this.of(property)
      if (form) members.set(Buffer.from(name).toString('latin1'), form)
    }
  }

  /** `oneOf` and `anyOf` say something where but one of them is not null. */
  #alternative(schema: Section): FieldForm | undefined {
    if (schema['enum'] !== undefined || schema['const'] !== undefined) return singleValue(schema, 'string')
    const all = [...listOf(schema['oneOf']), ...listOf(schema['anyOf'])]
    const telling = all.filter(one => sectionOf(this.#resolve(one))['type'] !== 'null')
    return telling.length === 1 && schema['not'] === undefined ? this.of(telling[0]) : undefined
  }
}

/** The one type besides null; undefined for several, and for none. */
function typeOf(schema: Section): string | undefined {
  const given = schema['type']
  const types = (Array.isArray(given) ? given : [given]).filter(type => type !== 'null')
  return types.length === 1 && typeof types[0] === 'string' ? types[0] : undefined
}

function singleValue(schema: Section, type: string): FieldForm | undefined {
  const choices = schema['const'] === undefined ? listOf(schema['enum']) : [schema['const']]
  const texts = choices.filter(choice => choice !== null && typeof choice !== 'object').map(String)
  if (texts.length > 0 && texts.length <= choicesMax) {
    return { kind: 'value', form: formOfChoices(texts.map(text => Buffer.from(text).toString('latin1'))) }
  }
  if (type !== 'string') {
    const form = formNamed(type)
    return form && { kind: 'value', form }
  }
  const format = String(schema['format'] ?? '')
  if (richFormats.has(format) || richTypes.has(String(schema['contentMediaType'] ?? ''))) return { kind: 'richText' }
  return { kind: 'value', form: formNamed(format) }
}

function sectionOf(value: unknown): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : nothing
}

/** One object, so that it is known. */
const nothing: Section = {}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
