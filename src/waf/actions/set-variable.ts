// setvar, expirevar, initcol, setsid, setuid, setrsc, setenv: what rules write.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import type { Template } from '../variables/macro.ts'
import {
  PersistentCollection,
  type PersistentName,
  persistentNames,
  toPersistentName,
} from '../variables/persistent.ts'
import type { State } from '../variables/state.ts'
import type { ActionContext, Effect, TxAccess } from './draft.ts'
import { compilePlace, type Place } from './place.ts'

type EffectResult = Effect | string

/** `tx.a=1`, `tx.a=+%{tx.b}`, `tx.a=-1`, `tx.a`, `!tx.a`. Returns what is wrong as text. */
export function compileSetVariable(value: ByteString, context: ActionContext): EffectResult {
  const remove = value.startsWith('!')
  const text = remove ? value.slice(1) : value
  const equals = equalsSign(text)
  const target = (equals < 0 ? text : text.slice(0, equals)).trim()
  const dot = target.indexOf('.')
  if (dot <= 0 || dot === target.length - 1) return 'takes collection.name, such as tx.score=1'
  const place = compilePlace(target.slice(0, dot), target.slice(dot + 1), context, (remove ? 1 : 0) + dot + 1)
  if (typeof place === 'string') return place
  if (remove) return { run: state => place.remove(state), tx: accessOf(place, undefined) }
  if (equals < 0) return { run: state => place.write(state, '1'), tx: accessOf(place, undefined) }
  const sign = text[equals + 1]
  const isArithmetic = sign === '+' || sign === '-'
  const from = equals + (isArithmetic ? 2 : 1)
  const template = context.template(text.slice(from), (remove ? 1 : 0) + from)
  if (!isArithmetic) return new Assign(place, template)
  return new Add(place, template, sign === '-' ? -1 : 1, lowerAscii(target).includes('anomaly_score'))
}

/** The first `=` that is not inside a macro. */
function equalsSign(text: ByteString): number {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '{' && text[i - 1] === '%') depth++
    else if (c === '}' && depth > 0) depth--
    else if (c === '=' && depth === 0) return i
  }
  return -1
}

function accessOf(place: Place, value: Template | undefined, readsItself = false): TxAccess | undefined {
  const slots = value?.txSlots ?? []
  if (place.tx === undefined) return { reads: slots, isConstant: false }
  if (typeof place.tx !== 'number') return { reads: [...place.tx.reads, ...slots], writes: place.tx, isConstant: false }
  const reads = readsItself ? [...slots, place.tx] : slots
  return { reads, writes: place.tx, isConstant: value === undefined || value.isTxOnly }
}

class Assign implements Effect {
  readonly tx: TxAccess | undefined
  readonly #place: Place
  readonly #value: Template

  constructor(place: Place, value: Template) {
    this.tx = accessOf(place, value)
    this.#place = place
    this.#value = value
  }

  run(state: State): void {
    this.#place.write(state, this.#value.render(state))
  }
}

class Add implements Effect {
  readonly tx: TxAccess | undefined
  readonly #place: Place
  readonly #amount: Template
  readonly #sign: 1 | -1
  readonly #isScore: boolean

  constructor(place: Place, amount: Template, sign: 1 | -1, isScore: boolean) {
    this.tx = accessOf(place, amount, true)
    this.#place = place
    this.#amount = amount
    this.#sign = sign
    this.#isScore = isScore
  }

  run(state: State): void {
    const amount = this.#sign * leadingInteger(this.#amount.render(state))
    if (this.#isScore) state.points += amount
    this.#place.write(state, String(leadingInteger(this.#place.read(state) ?? '') + amount))
  }
}

const maxInteger = 2 ** 31 - 1

/** As C's atoi reads it: blanks, a sign, digits; 0 when there are none. Bounded to 32 bits. */
export function leadingInteger(text: ByteString): number {
  let i = 0
  while (i < text.length && (text.charCodeAt(i) === 0x20 || (text.charCodeAt(i) >= 9 && text.charCodeAt(i) <= 13))) i++
  const sign = text.charCodeAt(i)
  if (sign === 0x2b || sign === 0x2d) i++
  let value = 0
  for (; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    value = Math.min(maxInteger, value * 10 + digit)
  }
  return sign === 0x2d ? -value : value
}

/** `ip.flag=60`: seconds. */
export function compileExpireVariable(value: ByteString, context: ActionContext): EffectResult {
  const equals = equalsSign(value)
  const dot = value.indexOf('.')
  if (equals < 0 || dot <= 0 || dot > equals) return 'takes collection.name=seconds'
  const collection = toPersistentName(value.slice(0, dot))
  if (!collection) return `only members of ${persistentNames.join(', ').toLowerCase()} expire`
  const name = context.template(value.slice(dot + 1, equals), dot + 1)
  const seconds = context.template(value.slice(equals + 1), equals + 1)
  return {
    run(state) {
      const ms = leadingInteger(seconds.render(state)) * 1000
      state.collections.get(collection)?.expireIn(name.render(state), ms, state.ports.now())
    },
  }
}

/** `ip=%{REMOTE_ADDR}` */
export function compileInitCollection(value: ByteString, context: ActionContext): EffectResult {
  const equals = value.indexOf('=')
  const collection = equals < 0 ? undefined : toPersistentName(value.slice(0, equals).trim())
  if (!collection) return `takes one of ${persistentNames.join(', ').toLowerCase()} and a key: ip=%{REMOTE_ADDR}`
  const key = context.template(value.slice(equals + 1), equals + 1)
  return { run: state => openCollection(state, collection, key.render(state)) }
}

export function compileSetSession(value: ByteString, context: ActionContext): EffectResult {
  return opener('SESSION', context.template(value, 0), (state, key) => (state.sessionId = key))
}

export function compileSetUser(value: ByteString, context: ActionContext): EffectResult {
  return opener('USER', context.template(value, 0), (state, key) => (state.userId = key))
}

export function compileSetResource(value: ByteString, context: ActionContext): EffectResult {
  return opener('RESOURCE', context.template(value, 0), (state, key) => (state.resourceId = key))
}

function opener(name: PersistentName, key: Template, keep: (state: State, key: ByteString) => void): Effect {
  return {
    run(state) {
      const text = key.render(state)
      keep(state, text)
      openCollection(state, name, text)
    },
  }
}

const maxKeyBytes = 512

function openCollection(state: State, name: PersistentName, key: ByteString): void {
  if (state.collections.get(name)?.key === key) return
  const full = `${state.settings.webAppId === '' ? '' : `${state.settings.webAppId}:`}${key.slice(0, maxKeyBytes)}`
  const stored = state.ports.collections?.load(name, full)
  state.collections.set(name, new PersistentCollection(name, full, stored, state.settings.collectionTimeoutMs))
}

/** `name=value` */
export function compileSetEnvironment(value: ByteString, context: ActionContext): EffectResult {
  const equals = equalsSign(value)
  if (equals <= 0) return 'takes name=value'
  const name = context.template(value.slice(0, equals), 0)
  const text = context.template(value.slice(equals + 1), equals + 1)
  return { run: state => void state.environment.set(name.render(state), text.render(state)) }
}
