// Two routes that the listener answers by itself, before any of the config: a certificate authority's look at a token
// (RFC 8555 §8.3), and the way from http to https. No guard and no redirect ever stands in the way of the former.

import { defaultBodyPolicy } from '../pipeline/body.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { noHeaderRules } from '../pipeline/header-rules.ts'
import type { Destination, ResponseFlow, ResponseSink, Route } from '../pipeline/route.ts'
import type { ListenerSettings } from './settings.ts'

const challengePath = '/.well-known/acme-challenge/'
const tokenCharsMax = 256

/** The route of the listener's own for a request, if there is one. `fallback` gives it limits and steps when done. */
export function ownRoute(settings: ListenerSettings, path: string, host: string, fallback: Route): Route | undefined {
  const { challenges, redirectPort } = settings
  if (path.startsWith(challengePath)) {
    const token = path.slice(challengePath.length, challengePath.length + tokenCharsMax)
    const answer = Object.hasOwn(challenges.http, token) ? challenges.http[token] : undefined
    // Another program behind us may ask for certificates too, so an unknown token takes the ordinary way.
    return answer === undefined ? undefined : answering('acme', fallback, ex => tokenAnswer(ex, answer))
  }
  if (redirectPort === undefined || host === '') return undefined
  return answering('redirect', fallback, ex => redirectAnswer(ex, redirectPort))
}

interface OwnAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

function answering(name: string, fallback: Route, answer: (ex: Exchange) => OwnAnswer): Route {
  const send = async (ex: Exchange, _body: unknown, sink: ResponseSink) => {
    const { status, headers, body } = answer(ex)
    sink.head(status, '', [...headers, 'content-length', String(body.length)], noFlow)
    if (ex.method !== 'HEAD') sink.data(Buffer.from(body, 'latin1'))
    sink.end([])
  }
  const destination: Destination = {
    name,
    send,
    upgrade: async (ex, _client, sink) => {
      await send(ex, undefined, sink)
      return false
    },
  }
  const { phases, done, limits, mode } = fallback
  return {
    name,
    mode,
    phases,
    done,
    destination,
    limits,
    body: defaultBodyPolicy,
    paths: 'asIs',
    headers: noHeaderRules,
  }
}

function tokenAnswer({ method }: Exchange, answer: string): OwnAnswer {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: ['allow', 'GET, HEAD'], body: '' }
  return { status: 200, headers: ['content-type', 'application/octet-stream'], body: answer }
}

/** 308, so that the method and the body stay. The host was checked to be one, and the target to be free of controls. */
function redirectAnswer({ host, request: { target } }: Exchange, port: number): OwnAnswer {
  const location = `https://${host}${port === 443 ? '' : `:${port}`}${target}`
  return { status: 308, headers: ['location', location, 'cache-control', 'no-store'], body: '' }
}

const noFlow: ResponseFlow = { pause() {}, resume() {}, abort() {} }
