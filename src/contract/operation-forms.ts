// What an operation's parameters and body hold, and what a single value of a request is by that.

import type { ByteString } from '../lib/bytes.ts'
import type { Placement, ValuePlace } from '../pipeline/placements.ts'
import type { FieldForm } from './field-form.ts'
import { placeIn } from './value-form.ts'

export interface OperationForms {
  readonly query: ReadonlyMap<ByteString, FieldForm>
  /** By name in lower case. */
  readonly header: ReadonlyMap<ByteString, FieldForm>
  readonly cookie: ReadonlyMap<ByteString, FieldForm>
  readonly path: ReadonlyMap<string, FieldForm>
  /** Of a JSON body, and of a form or multipart body. */
  readonly json: FieldForm | undefined
  readonly form: FieldForm | undefined
}

export const noForms: OperationForms = {
  query: new Map(),
  header: new Map(),
  cookie: new Map(),
  path: new Map(),
  json: undefined,
  form: undefined,
}

/** What stands deeper is judged as any other. */
const depthMax = 32

export function placementOf(
  forms: OperationForms,
  place: ValuePlace,
  name: ByteString,
  value: ByteString,
): Placement | undefined {
  switch (place) {
    case 'query':
      return inNamed(forms.query, name, value)
    case 'header': {
      const form = forms.header.get(name)
      return form && inField(form, '', value)
    }
    case 'cookie': {
      const form = forms.cookie.get(name)
      return form && inField(form, '', value)
    }
    case 'body':
      if (name === 'json' || name.startsWith('json.')) return forms.json && inJson(forms.json, name, value)
      return forms.form?.kind === 'object' ? inNamed(forms.form.members, name, value) : undefined
  }
}

/** `name`, `name[]`, `name[2]`, `name[key]`. */
function inNamed(
  fields: ReadonlyMap<ByteString, FieldForm>,
  name: ByteString,
  value: ByteString,
): Placement | undefined {
  const whole = fields.get(name)
  if (whole) return inField(whole, '', value)
  const bracket = name.indexOf('[')
  const form = bracket > 0 ? fields.get(name.slice(0, bracket)) : undefined
  return form && inField(form, name.slice(bracket), value)
}

/** `below` is what stands in brackets behind the name of the field. */
function inField(form: FieldForm, below: ByteString, value: ByteString): Placement | undefined {
  switch (form.kind) {
    case 'richText':
      return below === '' ? 'richText' : undefined
    case 'value':
      if (isKeyed(below)) return form.form || below.startsWith('[$') ? 'broken' : undefined
      return form.form && placeIn(form.form, value)
    case 'list':
      if (isKeyed(below) || form.item?.kind !== 'value' || !form.item.form) return undefined
      return inItems(form.item.form, value)
    case 'object': {
      const end = below.indexOf(']')
      const member = end > 1 ? form.members.get(below.slice(1, end)) : undefined
      return member && inField(member, below.slice(end + 1), value)
    }
  }
}

/** A key where a single value is wanted: `id[$ne]`. Empty brackets and numbers are how lists are written. */
function isKeyed(below: ByteString): boolean {
  const end = below.indexOf(']')
  for (let i = 1; i < (end < 0 ? below.length : end); i++) {
    const c = below.charCodeAt(i)
    if (c < 0x30 || c > 0x39) return true
  }
  return false
}

/** Lists are also written in one value: `1,2,3`. */
function inItems(form: Parameters<typeof placeIn>[0], value: ByteString): Placement | undefined {
  const whole = placeIn(form, value)
  if (whole !== 'broken' || !/[,|]/.test(value)) return whole
  const items = value.split(/[,|]/, 1000)
  return items.some(item => placeIn(form, item) === 'broken') ? 'broken' : undefined
}

/** `json.items.array_0.id`; a name with a dot in it is looked for as well. */
function inJson(root: FieldForm, name: ByteString, value: ByteString): Placement | undefined {
  let form: FieldForm | undefined = root
  let at = 'json'.length
  for (let depth = 0; at < name.length; depth++) {
    if (!form || depth > depthMax) return undefined
    if (form.kind === 'richText') return undefined
    // An object where a single value is wanted: operators of a document database come so.
    if (form.kind === 'value') return name.charAt(at + 1) === '$' ? 'broken' : undefined
    const end = endOfStep(form, name, at + 1)
    const step = name.slice(at + 1, end)
    form = form.kind === 'list' ? (step.startsWith('array_') ? form.item : undefined) : form.members.get(step)
    at = end
  }
  if (!form) return undefined
  return form.kind === 'richText'
    ? 'richText'
    : form.kind === 'value' && form.form
      ? placeIn(form.form, value)
      : undefined
}

function endOfStep(form: FieldForm, name: ByteString, from: number): number {
  if (form.kind === 'object' && form.members.has(name.slice(from))) return name.length
  const dot = name.indexOf('.', from)
  return dot < 0 ? name.length : dot
}
