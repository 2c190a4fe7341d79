// What guards see of a body: all of it up to the bound; beyond, text is refused and files are clipped, as in
// pipeline/serve.ts, which does the same with a body that arrives in pieces.

import { classifyBody } from '../pipeline/body.ts'
import { contentCoding, decodeBody } from '../pipeline/content-coding.ts'
import type { HeaderList } from '../pipeline/headers.ts'
import type { Limits } from '../pipeline/limits.ts'
import { MultipartClip, multipartBoundary } from '../pipeline/multipart-clip.ts'
import type { Verdict } from '../pipeline/verdict.ts'

export interface BodyView {
  readonly bytes: Uint8Array
  readonly refusal: Verdict | undefined
  /** It came in a content coding, and `bytes` are what was inside. */
  readonly isDecoded: boolean
}

export function bodyView(headers: HeaderList, body: Uint8Array, limits: Limits): BodyView {
  if (body.length > limits.bodyInspected) return { isDecoded: false, ...cut(headers, body, limits) }
  const coding = body.length === 0 ? undefined : contentCoding(headers)
  const decoded = coding === undefined ? undefined : decodeBody(coding, body, limits.bodyInspected)
  const bodyClass = classifyBody(headers)
  if (decoded === 'too-large') {
    return { bytes: body, refusal: bodyClass === 'text' ? tooLarge('body.inspected') : undefined, isDecoded: false }
  }
  const whole = decoded ?? body
  const bytes = bodyClass === 'binary' ? whole.subarray(0, limits.fileInspected) : whole
  return { bytes, refusal: undefined, isDecoded: decoded !== undefined }
}

type Cut = Omit<BodyView, 'isDecoded'>

function cut(headers: HeaderList, body: Uint8Array, limits: Limits): Cut {
  const start = body.subarray(0, limits.bodyInspected)
  if (body.length > limits.bodyMax) return { bytes: start, refusal: tooLarge('body.max') }
  switch (classifyBody(headers)) {
    case 'text':
      return { bytes: start, refusal: tooLarge('body.inspected') }
    case 'binary':
      return { bytes: body.subarray(0, limits.fileInspected), refusal: undefined }
    case 'multipart':
      return clipped(headers, body, limits)
  }
}

function clipped(headers: HeaderList, body: Uint8Array, limits: Limits): Cut {
  const boundary = multipartBoundary(headers.get('content-type'))
  if (boundary === undefined)
    return { bytes: body.subarray(0, limits.bodyInspected), refusal: malformed('no boundary') }
  const clip = new MultipartClip(boundary, limits.fileInspected, limits.bodyInspected)
  clip.push(body)
  const view = clip.view()
  if (clip.problem === 'view-too-large') return { bytes: view, refusal: tooLarge('body.inspected') }
  if (clip.problem !== undefined || !clip.closed)
    return { bytes: view, refusal: malformed(clip.problem ?? 'unfinished') }
  return { bytes: view, refusal: undefined }
}

function tooLarge(limit: string): Verdict {
  return { kind: 'deny', status: 413, reason: { code: 'body.too-large', detail: `the body is larger than ${limit}` } }
}

function malformed(problem: string): Verdict {
  return { kind: 'deny', status: 400, reason: { code: 'body.malformed', detail: `multipart body: ${problem}` } }
}
