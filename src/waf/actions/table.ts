// All actions by name: what value each takes, where it may stand, what it does to the rule that is being read.

import type { ByteString } from '../../lib/bytes.ts'
import type { Phase, Severity } from '../types.ts'
import { variables } from '../variables/table.ts'
import { keySelector } from '../variables/target.ts'
import { compileControl } from './control.ts'
import type { ActionContext, Disruption, Effect, RuleDraft } from './draft.ts'
import {
  compileExpireVariable,
  compileInitCollection,
  compileSetEnvironment,
  compileSetResource,
  compileSetSession,
  compileSetUser,
  compileSetVariable,
} from './set-variable.ts'

export interface ActionDefinition {
  /** As SecLang spells it; matched without regard to case. */
  readonly name: string
  readonly value: 'none' | 'optional' | 'required'
  /** Only the first rule of a chain may have it. */
  readonly starterOnly: boolean
  /** Returns what is wrong as text. */
  readonly apply: (draft: RuleDraft, value: ByteString, context: ActionContext) => string | undefined
}

const severities: readonly Severity[] = [
  'EMERGENCY',
  'ALERT',
  'CRITICAL',
  'ERROR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG',
]
const phaseNames: Record<string, Phase> = { request: 2, response: 4, logging: 5 }

const maskMatched: Effect = {
  run(state) {
    state.sanitiseMatched = true
  },
}

const definitions: readonly ActionDefinition[] = [
  // What the rule is
  starter('id', 'required', (draft, value) => {
    draft.id = 0 // so that a wrong one does not count as missing too
    return number(value, 1, 2 ** 31 - 1, id => (draft.id = id))
  }),
  starter('phase', 'required', (draft, value) => {
    const phase = /^[1-5]$/.test(value) ? (Number(value) as Phase) : phaseNames[value.toLowerCase()]
    if (phase === undefined) return 'must be 1 to 5, request, response or logging'
    draft.phase = phase
    return undefined
  }),
  anywhere('msg', 'required', (draft, value, context) => {
    draft.message = context.template(value, 0)
    return undefined
  }),
  anywhere('logdata', 'required', (draft, value, context) => {
    draft.logData = context.template(value, 0)
    return undefined
  }),
  anywhere('tag', 'required', (draft, value) => void draft.tags.push(value)),
  anywhere('rev', 'required', (draft, value) => {
    draft.revision = value
    return undefined
  }),
  anywhere('ver', 'required', (draft, value) => {
    draft.version = value
    return undefined
  }),
  anywhere('severity', 'required', (draft, value) => {
    draft.severity = /^[0-7]$/.test(value)
      ? severities[Number(value)]
      : severities.find(name => name === value.toUpperCase())
    return draft.severity === undefined ? `must be 0 to 7 or one of ${severities.join(', ')}` : undefined
  }),
  anywhere('maturity', 'required', (draft, value) => number(value, 0, 9, maturity => (draft.maturity = maturity))),
  anywhere('accuracy', 'required', (draft, value) => number(value, 0, 9, accuracy => (draft.accuracy = accuracy))),

  // What becomes of the transaction
  disruptive('block'),
  disruptive('deny'),
  disruptive('drop'),
  disruptive('pass'),
  starter('allow', 'optional', (draft, value) => {
    const scopes = { '': 'everything', phase: 'phase', request: 'request' } as const
    const scope = Object.entries(scopes).find(([name]) => name === value.toLowerCase())
    if (!scope) return 'takes phase, request or nothing'
    draft.disruption = 'allow'
    draft.allowScope = scope[1]
    return undefined
  }),
  starter('redirect', 'required', (draft, value, context) => {
    draft.disruption = 'redirect'
    draft.location = context.template(value, 0)
    return undefined
  }),
  anywhere('status', 'required', (draft, value) => number(value, 100, 599, status => (draft.status = status))),

  // Which rules run next
  anywhere('chain', 'none', draft => {
    draft.chain = true
    return undefined
  }),
  starter('skip', 'required', (draft, value) => number(value, 1, 10_000, skip => (draft.skip = skip))),
  starter('skipAfter', 'required', (draft, value, context) => {
    draft.skipAfter = value
    draft.skipAfterAt = context.at
    return undefined
  }),

  // How values are looked at
  anywhere('capture', 'none', draft => {
    draft.capture = true
    return undefined
  }),
  anywhere('multiMatch', 'none', draft => {
    draft.multiMatch = true
    return undefined
  }),
  anywhere('t', 'required', (draft, value, context) => {
    const name = value.toLowerCase()
    if (!context.hasTransformation(name)) return undefined // the context has reported it
    draft.transformations.push(name)
    return undefined
  }),

  // What is written down
  anywhere('log', 'none', draft => {
    draft.log = true
    return undefined
  }),
  anywhere('nolog', 'none', draft => {
    draft.log = false
    return undefined
  }),
  // As in ModSecurity 3, what goes to the audit log is a match that is told.
  anywhere('auditlog', 'none', draft => {
    draft.log = true
    draft.audit = true
    return undefined
  }),
  anywhere('noauditlog', 'none', draft => {
    draft.audit = false
    return undefined
  }),
  sanitise('sanitiseArg', ['ARGS', 'ARGS_GET', 'ARGS_POST']),
  sanitise('sanitizeArg', ['ARGS', 'ARGS_GET', 'ARGS_POST']),
  sanitise('sanitiseRequestHeader', ['REQUEST_HEADERS']),
  sanitise('sanitizeRequestHeader', ['REQUEST_HEADERS']),
  sanitise('sanitiseResponseHeader', ['RESPONSE_HEADERS']),
  sanitise('sanitizeResponseHeader', ['RESPONSE_HEADERS']),
  ...['sanitiseMatched', 'sanitizeMatched', 'sanitiseMatchedBytes', 'sanitizeMatchedBytes'].map(name =>
    anywhere(name, 'optional', draft => void draft.afterMatch.push(maskMatched)),
  ),

  // What is remembered
  effect('setvar', 'onMatch', compileSetVariable),
  effect('expirevar', 'afterMatch', compileExpireVariable),
  effect('initcol', 'afterMatch', compileInitCollection),
  effect('setsid', 'afterMatch', compileSetSession),
  effect('setuid', 'afterMatch', compileSetUser),
  effect('setrsc', 'afterMatch', compileSetResource),
  effect('setenv', 'afterMatch', compileSetEnvironment),
  effect('ctl', 'afterMatch', compileControl),
]

export const actions: ReadonlyMap<string, ActionDefinition> = new Map(
  definitions.map(definition => [definition.name.toLowerCase(), definition]),
)

/** Actions of ModSecurity that are not done, with the reason. */
export const refusedActions: ReadonlyMap<string, string> = new Map([
  ['exec', 'rules do not start programs'],
  ['proxy', 'where a request goes is decided by routes in merlon.yaml'],
  ['pause', 'holding connections open helps the attacker; use the rate guard'],
  ['append', 'responses are not rewritten'],
  ['prepend', 'responses are not rewritten'],
  ['deprecatevar', 'use expirevar'],
  ['xmlns', 'XML:/* and XML://@* need no namespaces'],
])

type Apply = ActionDefinition['apply']

function starter(name: string, value: ActionDefinition['value'], apply: Apply): ActionDefinition {
  return { name, value, starterOnly: true, apply }
}

function anywhere(name: string, value: ActionDefinition['value'], apply: Apply): ActionDefinition {
  return { name, value, starterOnly: false, apply }
}

function disruptive(name: Disruption): ActionDefinition {
  return starter(name, 'none', draft => {
    draft.disruption = name
    return undefined
  })
}

function effect(
  name: string,
  list: 'onMatch' | 'afterMatch',
  compile: (value: ByteString, context: ActionContext) => Effect | string,
): ActionDefinition {
  return anywhere(name, 'required', (draft, value, context) => {
    const result = compile(value, context)
    if (typeof result === 'string') return result
    draft[list].push(result)
    return undefined
  })
}

function sanitise(name: string, collections: readonly string[]): ActionDefinition {
  return anywhere(name, 'required', (draft, value) => {
    const exclusions = collections.flatMap(collection => {
      const definition = variables.get(collection.toLowerCase())
      return definition ? [{ definition, selector: keySelector(value) }] : []
    })
    draft.afterMatch.push({ run: state => void state.sanitised.push(...exclusions) })
    return undefined
  })
}

function number(text: ByteString, min: number, max: number, set: (value: number) => void): string | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) return `must be a number from ${min} to ${max}`
  set(value)
  return undefined
}
