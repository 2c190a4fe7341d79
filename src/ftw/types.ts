// What a regression test says, after reading: plain values, defaults filled in. The format is that of go-ftw, in both of
// its ages: tests of CRS 3 name themselves by `test_title` and wrap each stage, tests of CRS 4 by `rule_id` and `test_id`.

import type { ByteString } from '../lib/bytes.ts'

export interface FtwTest {
  /** `942100-3` */
  readonly id: string
  readonly rule: number
  readonly number: number
  readonly file: string
  readonly description: string
  readonly enabled: boolean
  readonly stages: readonly FtwStage[]
}

export interface FtwStage {
  readonly input: FtwInput
  readonly output: FtwOutput
}

export interface FtwInput {
  readonly destination: string
  readonly port: number
  readonly protocol: 'http' | 'https'
  readonly method: ByteString
  readonly uri: ByteString
  readonly version: ByteString
  /** Flat: [name, value, …], in the order of sending. */
  readonly headers: readonly ByteString[]
  readonly data: ByteString
  /** The whole request, when it is given as it is. */
  readonly raw: ByteString | undefined
  readonly autocompleteHeaders: boolean
  /** Completion adds `Content-Length: 0` to a POST without a body; it did not when the tests of CRS 3 were written. */
  readonly lengthOfNothing: boolean
  readonly followRedirect: boolean
  readonly saveCookie: boolean
}

export interface FtwOutput {
  /** Any of these; empty when the status does not matter. */
  readonly status: readonly number[]
  /** Regular expressions, as all of this format's patterns. */
  readonly matchRegex: string | undefined
  readonly noMatchRegex: string | undefined
  readonly expectIds: readonly number[]
  readonly noExpectIds: readonly number[]
  readonly responseContains: string | undefined
  readonly expectError: boolean | undefined
  readonly retryOnce: boolean
  readonly isolated: boolean
}

/** What became of one request: what judge.ts judges. */
export interface Observation {
  /** The server refused the request before any rule; in the engine, rules saw it all the same. */
  readonly refused: boolean
  /** Why no answer came; then there is no status. */
  readonly error: string | undefined
  readonly status: number
  /** The answer as text, head and body. */
  readonly response: string
  readonly ids: readonly number[]
  /** One line a match, in the form of ModSecurity's error log, whose fields the patterns of tests name. */
  readonly log: readonly string[]
  /** `location` of the answer and cookies that it set, for the next stage. */
  readonly location: ByteString | undefined
  readonly cookies: readonly ByteString[]
}

/** Something that takes requests and tells what it saw: the engine, or a gateway behind a socket. */
export interface Target {
  /** Each test starts with a clean one: no cookies, no collections, no configured answers. */
  reset(): void
  send(request: ByteString, input: FtwInput): Promise<Observation> | Observation
  close(): Promise<void> | void
}

export interface FtwResult {
  readonly test: FtwTest
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What was expected and what came, or why it was skipped. */
  readonly detail: string
}
