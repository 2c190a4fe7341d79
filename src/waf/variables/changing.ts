// Variables that rules or the clock change while rules run: TX, the persistent collections, matches, time.

import { type ByteString, utf8ToBytes } from '../../lib/bytes.ts'
import { collection, scalar, type VariableDefinition } from './definition.ts'
import { type PersistentName, persistentNames } from './persistent.ts'
import type { State } from './state.ts'
import { noValues, Value } from './value.ts'

const everyName = () => true

const tx: VariableDefinition = {
  ...collection('TX', 0, 'Variables of this transaction, set by setvar and capture.', state => state.tx.values()),
  readMember(state, name) {
    const value = state.tx.get(name)
    return value === undefined ? noValues : [new Value('TX', name, value)]
  },
}

function persistent(name: PersistentName): VariableDefinition {
  const summary = `Collection that initcol:${name.toLowerCase()} loaded; outlives the transaction.`
  return {
    ...collection(
      name,
      0,
      summary,
      state => state.collections.get(name)?.values(state.ports.now(), everyName) ?? noValues,
    ),
    readMember(state, member) {
      const value = state.collections.get(name)?.get(member, state.ports.now())
      return value === undefined ? noValues : [new Value(name, member, value)]
    },
  }
}

const environment: VariableDefinition = {
  ...collection(
    'ENV',
    0,
    'What setenv set in this transaction; in the gateway also JA4 and HTTP_FINGERPRINT of the client. The process environment is never shown to rules.',
    state => Array.from(state.environment, ([name, value]) => new Value('ENV', name, value)),
  ),
}

const rule = collection('RULE', 0, 'Facts about the running rule: id, msg, severity, rev, ver, logdata.', state => {
  const facts = state.rule
  if (!facts) return noValues
  const { info } = facts
  const members: readonly (readonly [string, ByteString])[] = [
    ['id', String(info.id)],
    ['msg', utf8ToBytes(info.message)],
    ['severity', info.severity ?? ''],
    ['rev', facts.revision],
    ['ver', facts.version],
  ]
  return members.map(([name, value]) => new Value('RULE', name, value))
})

const severities = ['EMERGENCY', 'ALERT', 'CRITICAL', 'ERROR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG'] as const

/** The matches as values of a collection, each keeping the name of what matched. */
function matches(state: State, variable: string, get: (match: Value, text: ByteString) => ByteString): Value[] {
  const found: Value[] = []
  for (let i = 0; i < state.matchedCount; i++) {
    const match = state.matchedValues[i]
    const text = state.matchedTexts[i]
    if (match && text !== undefined) found.push(new Value(variable, match.name, get(match, text), match.name))
  }
  return found
}

export const changingVariables: readonly VariableDefinition[] = [
  tx,
  ...persistentNames.map(persistent),
  environment,
  rule,
  collection('GEO', 0, 'What @geoLookup found: COUNTRY_CODE, COUNTRY_NAME, CITY, …', state => state.geo),
  scalar('MATCHED_VAR', 0, 'Value that matched last.', state => state.matchedTexts[state.matchedCount - 1]),
  scalar(
    'MATCHED_VAR_NAME',
    0,
    'Name of what matched last.',
    state => state.matchedValues[state.matchedCount - 1]?.name,
  ),
  collection('MATCHED_VARS', 0, 'Values that matched in this rule and its chain.', state =>
    matches(state, 'MATCHED_VARS', (_match, text) => text),
  ),
  collection('MATCHED_VARS_NAMES', 0, 'Names of what matched in this rule and its chain.', state =>
    matches(state, 'MATCHED_VARS_NAMES', match => match.name),
  ),
  scalar('HIGHEST_SEVERITY', 0, 'Most severe match so far, 0 to 7; 255 when none.', state =>
    state.highestSeverity === undefined ? '255' : String(severities.indexOf(state.highestSeverity)),
  ),
  scalar('SESSIONID', 0, 'What setsid set.', state => state.sessionId),
  scalar('USERID', 0, 'What setuid set.', state => state.userId),
  scalar('DURATION', 0, 'Milliseconds since the transaction began.', state =>
    String(Math.max(0, Math.round(state.ports.now() - state.startedAt))),
  ),
  scalar('TIME', 0, 'Time of day, hh:mm:ss, UTC.', state => clock(state).toISOString().slice(11, 19)),
  scalar('TIME_EPOCH', 0, 'Seconds since 1970.', state => String(Math.floor(state.ports.now() / 1000))),
  scalar('TIME_YEAR', 0, 'Year, UTC.', state => String(clock(state).getUTCFullYear())),
  scalar('TIME_MON', 0, 'Month, 0 to 11, UTC.', state => String(clock(state).getUTCMonth())),
  scalar('TIME_DAY', 0, 'Day of the month, UTC.', state => String(clock(state).getUTCDate())),
  scalar('TIME_HOUR', 0, 'Hour, UTC.', state => String(clock(state).getUTCHours())),
  scalar('TIME_MIN', 0, 'Minute.', state => String(clock(state).getUTCMinutes())),
  scalar('TIME_SEC', 0, 'Second.', state => String(clock(state).getUTCSeconds())),
  scalar('TIME_WDAY', 0, 'Day of the week, 0 is Sunday, UTC.', state => String(clock(state).getUTCDay())),
]

function clock(state: State): Date {
  const now = state.ports.now()
  return new Date(Number.isFinite(now) && Math.abs(now) < 8.64e15 ? now : 0)
}
