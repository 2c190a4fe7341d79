// The whole life of a request, top to bottom. READ THIS FIRST.
//
//   headers → guards → body → guards → destination → response guards → client → done (always)
//
// listen/ made the exchange and the edge; this file knows no socket and no concrete guard.

import { GatewayError } from '../lib/errors.ts'
import { type Answer, answerError, answerVerdict } from './answer.ts'
import { classifyBody } from './body.ts'
import { contentCoding, decodeBody } from './content-coding.ts'
import type { Edge } from './edge.ts'
import { type Exchange, noBody, type RequestBody } from './exchange.ts'
import { isGrpc, judgedMessages } from './grpc-messages.ts'
import { closedStart, MultipartClip, multipartBoundary, StreamDenied, streamClipped } from './multipart-clip.ts'
import { Responder } from './respond.ts'
import type { OutgoingBody, TunnelClient } from './route.ts'
import { runDone, runPhase } from './run.ts'
import type { Verdict } from './verdict.ts'

export function serve(ex: Exchange, edge: Edge): Promise<void> {
  return settle(ex, edge, () => answer(ex, edge))
}

/** The life of a request to upgrade: the same guards, then a tunnel that no guard looks into. */
export function serveUpgrade(ex: Exchange, edge: Edge, client: TunnelClient): Promise<void> {
  return settle(ex, edge, () => openTunnel(ex, edge, client))
}

/** The short life of what is not fit to be shown to guards: `listen/` says why. */
export function serveRefusal(ex: Exchange, edge: Edge, verdict: Verdict): Promise<void> {
  recordRefusal(ex, verdict, false)
  return settle(ex, edge, async () => refuse(ex, edge, verdict))
}

/** For what listen/ has to answer by itself, because there is no request, or none any more. */
export function recordRefusal(ex: Exchange, verdict: Verdict, done: boolean): void {
  ex.findings.push({ guard: 'http', phase: 'onHeaders', mode: 'protect', verdict })
  ex.verdict = verdict
  if (done) runDone(ex)
}

async function settle(ex: Exchange, edge: Edge, work: () => Promise<void>): Promise<void> {
  edge.onAbort = () => {
    if (ex.status === 101) return // the end of a tunnel
    ex.aborted = true
    ex.cancel?.()
  }
  try {
    await work()
  } catch (error) {
    try {
      fail(ex, edge, error)
    } catch {
      edge.destroy() // not even the answer could be written
    }
  } finally {
    await edge.finished
    runDone(ex)
  }
}

async function answer(ex: Exchange, edge: Edge): Promise<void> {
  const { phases } = ex.route
  const early = runPhase('onHeaders', phases.onHeaders, ex)
  const headersVerdict = early instanceof Promise ? await early : early
  if (headersVerdict) return refuseLate(ex, edge, headersVerdict)

  const outgoing = await admitBody(ex, edge)
  if ('kind' in outgoing) return refuse(ex, edge, outgoing)

  const responder = new Responder(ex, edge, verdict => refuse(ex, edge, verdict))
  if (ex.aborted) return
  await ex.route.destination.send(ex, outgoing.body, responder).catch(error => {
    responder.fail(error)
    throw error
  })
  await responder.finished
}

async function openTunnel(ex: Exchange, edge: Edge, client: TunnelClient): Promise<void> {
  const { phases } = ex.route
  const early = runPhase('onHeaders', phases.onHeaders, ex)
  const headersVerdict = early instanceof Promise ? await early : early
  if (headersVerdict) return refuseLate(ex, edge, headersVerdict)
  const outcome = runPhase('onBody', phases.onBody, ex)
  const bodyVerdict = outcome instanceof Promise ? await outcome : outcome
  if (bodyVerdict) return refuse(ex, edge, bodyVerdict)

  const responder = new Responder(ex, edge, verdict => refuse(ex, edge, verdict))
  if (ex.aborted) return
  const tunnelled = await ex.route.destination.upgrade(ex, client, responder).catch(error => {
    responder.fail(error)
    throw error
  })
  if (!tunnelled) await responder.finished
}

/** Reads what must be read, runs the body guards, and says what goes upstream. */
async function admitBody(ex: Exchange, edge: Edge): Promise<Verdict | { readonly body: OutgoingBody }> {
  const { limits, phases } = ex.route
  if (edge.declaredBytes !== undefined && edge.declaredBytes > limits.bodyMax) return tooLarge('bodyMax')
  if (edge.declaredBytes === undefined) ex.requestTrailers = () => edge.requestTrailers
  const wanted = phases.onBody.length > 0
  const streams = isGrpc(ex.headers)
  if (!edge.hasBody || !wanted) {
    ex.body = noBody
    const outcome = runPhase('onBody', phases.onBody, ex)
    const verdict = outcome instanceof Promise ? await outcome : outcome
    return verdict ?? { body: edge.hasBody ? edge.restOfBody(limits.bodyMax, streams) : undefined }
  }
  if (streams) {
    ex.body = { ...noBody, complete: false }
    const outcome = runPhase('onBody', phases.onBody, ex)
    const verdict = outcome instanceof Promise ? await outcome : outcome
    return verdict ?? { body: judgedMessages(ex, edge.restOfBody(limits.bodyMax, true)) }
  }

  const bodyClass = classifyBody(ex.headers)
  const overflow = ex.route.body.overflow[bodyClass]
  const declared = edge.declaredBytes ?? 0
  if (declared > limits.bodyInspected && overflow === 'deny') return tooLarge('bodyInspected')

  const head = await edge.readBody(limits.bodyInspected)
  if (!head.complete && overflow === 'deny') return tooLarge('bodyInspected')
  if (!head.complete && bodyClass === 'multipart' && overflow === 'clip') return admitClipped(ex, edge, head.bytes)
  const view = decoded(ex, head)
  if (view === 'too-large' && overflow === 'deny') return tooLarge('bodyInspected')
  const seen = view === 'too-large' ? head : view
  const clipsBinary = bodyClass === 'binary' && seen.bytes.length > limits.fileInspected
  ex.body = clipsBinary ? { ...seen, bytes: seen.bytes.subarray(0, limits.fileInspected), complete: false } : seen
  if (clipsBinary) ex.uninspectedBytes += seen.bytes.length - limits.fileInspected

  if (!head.complete && bodyClass === 'multipart') {
    ex.body = { bytes: closedStart(ex.headers.get('content-type'), head.bytes), complete: false }
  }

  const outcome = runPhase('onBody', phases.onBody, ex)
  const verdict = outcome instanceof Promise ? await outcome : outcome
  if (verdict) return verdict
  if (head.complete) return { body: head.bytes }

  return { body: prepend(head.bytes, countUninspected(ex, edge.restOfBody(limits.bodyMax))) }
}

/** What guards see of a body that came in a content coding. It goes upstream as it came. */
function decoded(ex: Exchange, body: RequestBody): RequestBody | 'too-large' {
  const coding = body.complete && body.bytes.length > 0 ? contentCoding(ex.headers) : undefined
  const bytes = coding === undefined ? undefined : decodeBody(coding, body.bytes, ex.route.limits.bodyInspected)
  if (bytes === 'too-large') return bytes
  return bytes === undefined ? body : { bytes, complete: true, isDecoded: true }
}

/** A multipart body that is too large to hold: judges its clipped view now, and once more at its end. */
async function admitClipped(
  ex: Exchange,
  edge: Edge,
  head: Uint8Array,
): Promise<Verdict | { readonly body: OutgoingBody }> {
  const { limits, phases } = ex.route
  const boundary = multipartBoundary(ex.headers.get('content-type'))
  if (boundary === undefined) return malformed('multipart body without a boundary')
  const clip = new MultipartClip(boundary, limits.fileInspected, limits.bodyInspected)
  clip.push(head)
  if (clip.problem === 'view-too-large') return tooLarge('bodyInspected')
  if (clip.problem) return malformed(`multipart body: ${clip.problem}`)
  ex.body = { bytes: clip.view(), complete: false }
  const outcome = runPhase('onBody', phases.onBody, ex)
  const verdict = outcome instanceof Promise ? await outcome : outcome
  return verdict ?? { body: streamClipped(ex, clip, head, edge.restOfBody(limits.bodyMax)) }
}

async function* countUninspected(ex: Exchange, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of rest) {
    ex.uninspectedBytes += chunk.length
    yield chunk
  }
}

async function* prepend(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head
  yield* rest
}

function tooLarge(limit: 'bodyMax' | 'bodyInspected'): Verdict {
  const detail = `the body is larger than ${limit === 'bodyMax' ? 'body.max' : 'body.inspected'}`
  return { kind: 'deny', status: 413, reason: { code: 'body.too-large', detail, limit } }
}

function malformed(detail: string): Verdict {
  return { kind: 'deny', status: 400, reason: { code: 'body.malformed', detail } }
}

/** Refusals that are kept back now. */
let delayed = 0

async function refuseLate(ex: Exchange, edge: Edge, verdict: Verdict): Promise<void> {
  const { delayMs = 0 } = verdict.kind === 'deny' ? verdict : {}
  if (delayMs > 0 && delayed < ex.route.limits.delayedAnswers) {
    delayed++
    await new Promise(resolve => setTimeout(resolve, delayMs))
    delayed--
  }
  if (!ex.aborted) refuse(ex, edge, verdict)
}

function refuse(ex: Exchange, edge: Edge, verdict: Verdict): void {
  ex.verdict = verdict
  send(ex, edge, answerVerdict(ex, verdict))
}

function fail(ex: Exchange, edge: Edge, error: unknown): void {
  if (!(error instanceof StreamDenied)) ex.failure ??= error instanceof Error ? error : new Error(String(error))
  if (ex.aborted) return
  // Denied while its body streamed; `send` cuts a response that has begun.
  if (ex.verdict) return refuse(ex, edge, ex.verdict)
  const known =
    error instanceof GatewayError
      ? error
      : new GatewayError('GUARD_FAILED', 'gateway', 'internal error', { cause: error })
  send(ex, edge, answerError(ex, known))
}

function send(ex: Exchange, edge: Edge, { status, headers, body }: Answer): void {
  if (edge.headSent) return edge.destroy()
  edge.sendHead(status, '', [...headers, ...ex.extraHeaders])
  ex.status = status
  if (ex.method !== 'HEAD') edge.write(body)
  edge.end([])
}
