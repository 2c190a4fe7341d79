// Operations of an OpenAPI document (3.0 and 3.1): their names, their paths, what they are about (`x-resource`), and the
// parameters and fields that a policy may look at, and what forms their values have. Whether a request keeps to the
// document is another guard's business.

import type { Problem } from '../lib/problem.ts'
import { type Path, parseSourceDocument, type SourceDocument } from './document.ts'
import { type FieldForm, FieldForms } from './field-form.ts'
import { fieldsOf } from './json-schema.ts'
import { type Operation, operationType } from './operation.ts'
import type { OperationForms } from './operation-forms.ts'

export interface OpenApiResult {
  readonly operations: readonly Operation[]
  readonly problems: readonly Problem[]
}

/** Larger documents are refused: every worker reads them. */
export const documentBytesMax = 8 * 1024 * 1024
export const operationsMax = 10_000

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query']

export function readOpenApi(file: string, text: string): OpenApiResult {
  const document = parseSourceDocument(file, text)
  if (document.problems.length > 0) return { operations: [], problems: document.problems }
  return new Reader(document).read()
}

type Section = Readonly<Record<string, unknown>>

class Reader {
  readonly #document: SourceDocument
  readonly #root: Section
  readonly #operations: Operation[] = []
  readonly #problems: Problem[] = []
  readonly #ids = new Set<string>()
  readonly #places = new Set<string>()
  readonly #fieldForms: FieldForms

  constructor(document: SourceDocument) {
    this.#document = document
    this.#root = sectionOf(document.data)
    this.#fieldForms = new FieldForms(value => this.#resolve(value))
  }

  read(): OpenApiResult {
    if (!/^3\.[012](\.|$)/.test(String(this.#root['openapi']))) {
      this.#say(['openapi'], 'is not OpenAPI 3.0 or 3.1')
      return { operations: [], problems: this.#problems }
    }
    for (const [template, item] of Object.entries(sectionOf(this.#root['paths']))) {
      if (template.startsWith('x-')) continue
      if (!template.startsWith('/')) this.#say(['paths', template], 'is not a path: it must start with /')
      else this.#readItem(template, sectionOf(this.#resolve(item)))
      if (this.#operations.length > operationsMax) {
        this.#say(['paths'], `has more than ${operationsMax} operations`)
        break
      }
    }
    return { operations: this.#operations, problems: this.#problems }
  }

  #readItem(template: string, item: Section): void {
    for (const method of methods) {
      if (item[method] === undefined) continue
      const place: Path = ['paths', template, method]
      const operation = sectionOf(item[method])
      for (const prefix of this.#prefixes()) this.#add(method.toUpperCase(), prefix, template, item, operation, place)
    }
  }

  #add(method: string, prefix: string, template: string, item: Section, operation: Section, place: Path): void {
    const id = typeof operation['operationId'] === 'string' ? operation['operationId'] : `${method} ${template}`
    const whole = `${prefix}${template}`
    if (id === 'read' || id === 'write') this.#say([...place, 'operationId'], `${id} is the name of a group of actions`)
    const where = `${method} ${whole.replace(/\{[^}]*\}/g, '{}')}`
    if (this.#places.has(where)) return this.#say(place, 'another operation has the same method and path')
    this.#places.add(where)
    if (prefix === this.#prefixes()[0] && this.#ids.has(id)) {
      return this.#say([...place, 'operationId'], `the operationId ${id} stands twice`)
    }
    this.#ids.add(id)
    const path = [...template.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name)
    if (template.split('/').some(segment => /[{}]/.test(segment) && !/^\{[^{}]+\}$/.test(segment))) {
      return this.#say(place, 'has a path parameter that is not a whole segment')
    }
    const parameters = [...listOf(item['parameters']), ...listOf(operation['parameters'])]
    const query = parameters.flatMap(parameter => {
      const { name, in: where } = sectionOf(this.#resolve(parameter))
      return where === 'query' && typeof name === 'string' ? [name] : []
    })
    const resource = this.#resource(operation['x-resource'] ?? item['x-resource'], path, place)
    const body = sectionOf(this.#resolve(operation['requestBody']))
    const contents = Object.entries(sectionOf(body['content']))
    const media = contents.find(([type]) => /^application\/([\w.-]+\+)?json\b/.test(type))
    const form = contents.find(([type]) => /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/.test(type))
    this.#operations.push({
      id,
      method,
      template: whole,
      ...resource,
      path,
      query: [...new Set(query)],
      body: media ? fieldsOf(sectionOf(media[1])['schema'], value => this.#resolve(value)) : new Map(),
      forms: this.#formsOf(parameters, sectionOf(media?.[1])['schema'], sectionOf(form?.[1])['schema']),
    })
  }

  #formsOf(parameters: readonly unknown[], json: unknown, form: unknown): OperationForms {
    const places = { query: new Map<string, FieldForm>(), header: new Map(), cookie: new Map(), path: new Map() }
    for (const given of parameters) {
      const { name, in: place, schema } = sectionOf(this.#resolve(given))
      const found = schema === undefined ? undefined : this.#fieldForms.of(schema)
      if (typeof name !== 'string' || !found) continue
      const bytes = Buffer.from(name).toString('latin1')
      if (place === 'query' || place === 'cookie') places[place].set(bytes, found)
      else if (place === 'header') places.header.set(bytes.toLowerCase(), found)
      else if (place === 'path') places.path.set(name, found)
    }
    return {
      ...places,
      json: json === undefined ? undefined : this.#fieldForms.of(json),
      form: form === undefined ? undefined : this.#fieldForms.of(form),
    }
  }

  #resource(
    given: unknown,
    path: readonly string[],
    place: Path,
  ): { readonly resourceType: string; readonly resourceId: string | undefined } {
    if (given === undefined) return { resourceType: operationType, resourceId: undefined }
    const { type, id } = typeof given === 'string' ? { type: given, id: undefined } : sectionOf(given)
    const at = [...place, 'x-resource']
    if (typeof type !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(type) || taken.has(type)) {
      this.#say(at, `is no name for a type of resources: letters, digits and _, and none of ${[...taken].join(', ')}`)
      return { resourceType: operationType, resourceId: undefined }
    }
    if (id !== undefined && !path.includes(String(id))) this.#say(at, `the path has no parameter ${String(id)}`)
    return { resourceType: type, resourceId: id === undefined ? path.at(-1) : String(id) }
  }

  /** Paths of the servers, which stand before each path of the document. */
  #prefixes(): readonly string[] {
    const urls = listOf(this.#root['servers']).map(server => String(sectionOf(server)['url'] ?? '/'))
    const prefixes = urls.map(url => {
      const path = URL.parse(url, 'http://relative.invalid')?.pathname ?? '/'
      return path.replace(/\/+$/, '')
    })
    return prefixes.length === 0 ? [''] : [...new Set(prefixes)]
  }

  /** What a local `$ref` means. */
  #resolve(value: unknown, depth = 0): unknown {
    const reference = sectionOf(value)['$ref']
    if (typeof reference !== 'string' || depth > 16) return value
    if (!reference.startsWith('#/')) return undefined
    let target: unknown = this.#root
    for (const step of reference.slice(2).split('/')) {
      target = sectionOf(target)[decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')]
    }
    return this.#resolve(target, depth + 1)
  }

  #say(path: Path, message: string): void {
    this.#problems.push(this.#document.problem(path, message))
  }
}

/** Names that mean something else in our Cedar schema, or in Cedar. */
const taken = new Set([
  'Action',
  'Anonymous',
  'Api',
  'ApiKey',
  'Client',
  'Group',
  'Operation',
  'Role',
  'User',
  'Bool',
  'Boolean',
  'Entity',
  'Extension',
  'Long',
  'Record',
  'Set',
  'String',
  'else',
  'false',
  'has',
  'if',
  'in',
  'is',
  'like',
  'then',
  'true',
])

function sectionOf(value: unknown): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
