// An operation of an API: what a policy calls an action. Made from an OpenAPI document, or from what a route matches.

import type { RouteInfo } from '../pipeline/guard.ts'
import { noForms, type OperationForms } from './operation-forms.ts'

/** What Cedar can hold of JSON: numbers with a fraction have no place in it. */
export type FieldType =
  | { readonly kind: 'String' | 'Long' | 'Bool' }
  | { readonly kind: 'Set'; readonly of: FieldType }
  | { readonly kind: 'Record'; readonly fields: Fields }

export interface Field {
  readonly type: FieldType
  readonly required: boolean
}

export type Fields = ReadonlyMap<string, Field>

export interface Operation {
  /** Its name as an action: `operationId`, or the method. */
  readonly id: string
  /** Upper case. */
  readonly method: string
  /** `/orders/{id}`; `*` at the end stands for any rest. */
  readonly template: string
  /** Type of what it is about: `x-resource`, or `Operation`. */
  readonly resourceType: string
  /** The path parameter that names it. */
  readonly resourceId: string | undefined
  /** Names of path and query parameters. */
  readonly path: readonly string[]
  readonly query: readonly string[]
  readonly body: Fields
  /** What their values are, as far as the document says. */
  readonly forms: OperationForms
}

export const operationType = 'Operation'

/** An API: the operations of one route. */
export interface Api {
  /** Name of the route. */
  readonly name: string
  readonly operations: readonly Operation[]
}

/** Groups of actions that policies can name: RFC 9110 §9.2.1 says which methods only read. */
export function groupOf(method: string): 'read' | 'write' {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'QUERY' ? 'read' : 'write'
}

const usualMethods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']

/** What a route without a document does: each of its methods is an action. */
export function operationsOfRoute({ match }: RouteInfo): Operation[] {
  return (match.methods ?? usualMethods).map(method => ({
    id: method,
    method,
    template: match.path ?? '/*',
    resourceType: operationType,
    resourceId: undefined,
    path: [],
    query: [],
    body: new Map(),
    forms: noForms,
  }))
}
