// Compares what a request did with what its test expects. Returns what is wrong, in words; undefined when all is well.

import type { FtwOutput, Observation } from './types.ts'

export function judge(output: FtwOutput, seen: Observation): string | undefined {
  if (output.expectError === true) {
    return seen.error === undefined ? `expected no answer, got status ${seen.status}` : undefined
  }
  if (seen.error !== undefined) return `expected an answer, got none: ${seen.error}`
  return judgeStatus(output, seen) ?? judgeResponse(output, seen) ?? judgeLog(output, seen)
}

function judgeStatus(output: FtwOutput, seen: Observation): string | undefined {
  if (output.status.length === 0 || output.status.includes(seen.status)) return undefined
  return `expected status ${output.status.join(' or ')}, got ${seen.status}; ${idsOf(seen)}`
}

function judgeResponse(output: FtwOutput, seen: Observation): string | undefined {
  if (output.responseContains === undefined || new RegExp(output.responseContains).test(seen.response)) return undefined
  return `expected the answer to match ${output.responseContains}`
}

function judgeLog(output: FtwOutput, seen: Observation): string | undefined {
  const missing = output.expectIds.filter(id => !seen.ids.includes(id))
  if (missing.length > 0) return `expected ${missing.join(', ')}; ${idsOf(seen)}`
  if (output.isolated && seen.ids.length !== 1) return `expected ${output.expectIds.join(', ')} alone; ${idsOf(seen)}`
  if (output.matchRegex !== undefined && !logMatches(seen, output.matchRegex)) {
    return `expected a log line like ${output.matchRegex}; ${idsOf(seen)}`
  }
  // What is refused before the rules is in no gateway's log, so it can't be there wrongly.
  return seen.refused ? undefined : judgeAbsence(output, seen)
}

function judgeAbsence(output: FtwOutput, seen: Observation): string | undefined {
  const unwanted = output.noExpectIds.filter(id => seen.ids.includes(id))
  if (unwanted.length > 0) return `expected no ${unwanted.join(', ')}; ${lineOf(seen, unwanted[0] ?? 0)}`
  if (output.noMatchRegex === undefined || !logMatches(seen, output.noMatchRegex)) return undefined
  const pattern = new RegExp(output.noMatchRegex)
  return `expected no log line like ${output.noMatchRegex}; got ${seen.log.find(line => pattern.test(line))}`
}

function logMatches(seen: Observation, pattern: string): boolean {
  const regex = new RegExp(pattern)
  return seen.log.some(line => regex.test(line))
}

function idsOf(seen: Observation): string {
  return seen.ids.length === 0 ? 'no rule matched' : `matched ${seen.ids.join(', ')}`
}

function lineOf(seen: Observation, id: number): string {
  return `got ${seen.log.find(line => line.includes(`[id "${id}"]`)) ?? id}`
}
