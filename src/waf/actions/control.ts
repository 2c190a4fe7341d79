// ctl: what a rule changes about the engine for the rest of its transaction.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import { nearest } from '../../lib/problem.ts'
import type { RemovedTarget, State } from '../variables/state.ts'
import type { ActionContext, Effect } from './draft.ts'
import { type RuleSelection, selectById, selectByMessage, selectByTag } from './selection.ts'

type Compile = (value: ByteString, context: ActionContext, offset: number) => Effect | string

const controls: Record<string, Compile> = {
  ruleEngine: oneOf({ on: 'on', off: 'off', detectiononly: 'detection-only' }, (state, mode) => (state.engine = mode)),
  requestBodyAccess: oneOf({ on: true, off: false }, (state, on) => (state.requestBodyAccess = on)),
  responseBodyAccess: oneOf({ on: true, off: false }, (state, on) => (state.responseBodyAccess = on)),
  forceRequestBodyVariable: oneOf({ on: true, off: false }, (state, on) => (state.forceRequestBodyVariable = on)),
  requestBodyProcessor: oneOf(
    { urlencoded: 'URLENCODED', multipart: 'MULTIPART', json: 'JSON', xml: 'XML' },
    (state, name) => (state.bodyProcessor = name),
  ),
  ruleRemoveById: removeRules(selectById, 'takes an id or a range such as 920100-920199'),
  ruleRemoveByTag: removeRules(selectByTag, 'takes a tag'),
  ruleRemoveByMsg: removeRules(selectByMessage, 'takes a message'),
  ruleRemoveTargetById: removeTargets(selectById, 'takes id;VARIABLE, such as 942100;ARGS:q'),
  ruleRemoveTargetByTag: removeTargets(selectByTag, 'takes tag;VARIABLE, such as attack-sqli;ARGS:q'),
  ruleRemoveTargetByMsg: removeTargets(selectByMessage, 'takes message;VARIABLE'),
  auditEngine: oneOf({ on: 'on', off: 'off', relevantonly: 'relevant-only' }, (state, engine) => {
    state.auditEngine = engine
  }),
  auditLogParts(value) {
    if (!/^[+-]?[A-KZ]+$/i.test(value)) return 'takes letters A to K and Z, such as +E'
    const change = value.toUpperCase()
    return { run: state => void (state.auditParts.length < maxAuditChanges && state.auditParts.push(change)) }
  },
}

const refused: Record<string, string> = {
  debugloglevel: 'there is no debug log; see `merlon explain`',
  forceresponsebodyvariable: 'which bodies are read is known by their type; set SecResponseBodyMimeType',
  responsebodyprocessor: 'response bodies are not parsed; use RESPONSE_BODY',
  hashengine: 'link hashing is not supported',
  hashenforcement: 'link hashing is not supported',
  parsexmlintoargs: 'XML is inspected through XML:/* and XML://@*',
  requestbodylimit: 'the body is read before rules run; set SecRequestBodyLimit',
  responsebodylimit: 'set SecResponseBodyLimit',
}

const byName = new Map(Object.entries(controls).map(([name, compile]) => [name.toLowerCase(), compile]))

const controlNames: readonly string[] = Object.keys(controls)

const noTx = { reads: [], isConstant: false } as const
const noEffect: Effect = { run: () => {}, tx: noTx }

/** `name=value`. Returns what is wrong as text. */
export function compileControl(text: ByteString, context: ActionContext): Effect | string {
  const equals = text.indexOf('=')
  if (equals <= 0) return 'takes name=value'
  const name = text.slice(0, equals).trim()
  const compile = byName.get(name.toLowerCase())
  if (compile) {
    const result = compile(text.slice(equals + 1).trim(), context, equals + 1)
    return typeof result === 'string' ? `${name} ${result}` : result
  }
  const reason = refused[name.toLowerCase()]
  if (reason !== undefined) return `${name} is not supported: ${reason}`
  const near = nearest(name, controlNames)
  return `has no ${name}${near === undefined ? '' : `; did you mean ${near}?`}`
}

function oneOf<const T extends string | number | boolean>(
  choices: Record<string, T>,
  apply: (state: State, choice: T) => void,
): Compile {
  const known = new Map(Object.entries(choices))
  return value => {
    const choice = known.get(lowerAscii(value))
    if (choice === undefined) return `must be one of ${[...known.keys()].join(', ')}`
    return { run: state => apply(state, choice), tx: noTx }
  }
}

function removeRules(choose: (text: ByteString) => RuleSelection | undefined, usage: string): Compile {
  return (value, context) => {
    const chosen = value === '' ? undefined : choose(value)
    if (!chosen) return usage
    const selection = context.select(chosen)
    return {
      tx: noTx,
      run(state) {
        state.removedRules ??= new Uint8Array(state.ruleCount)
        for (const index of selection.indexes) state.removedRules[index] = 1
      },
    }
  }
}

function removeTargets(choose: (text: ByteString) => RuleSelection | undefined, usage: string): Compile {
  return (value, context, offset) => {
    const semicolon = value.indexOf(';')
    const chosen = semicolon <= 0 ? undefined : choose(value.slice(0, semicolon).trim())
    if (!chosen) return usage
    const variable = context.variable(value.slice(semicolon + 1).trim(), offset + semicolon + 1)
    if (!variable) return noEffect // the context has reported it
    const selection = context.select(chosen)
    let removed: RemovedTarget | undefined
    return {
      tx: noTx,
      run(state) {
        removed ??= { rules: indexBytes(selection.indexes, state.ruleCount), exclusion: variable }
        state.removedTargets ??= []
        if (state.removedTargets.length < maxRemovedTargets) state.removedTargets.push(removed)
      },
    }
  }
}

const maxRemovedTargets = 1000
const maxAuditChanges = 100

function indexBytes(indexes: readonly number[], count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  for (const index of indexes) bytes[index] = 1
  return bytes
}
