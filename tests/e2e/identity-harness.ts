// For tests of who may call: a gateway with an authorization server of its own, its clients, and requests to it.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import * as oidc from 'openid-client'
import { askGateway } from '../../src/admin/client.ts'
import { freePort } from '../../src/lib/free-port.test-helper.ts'
import { type RunningGateway, startTestGateway } from './gateway-harness.ts'

export async function start(
  t: TestContext,
  authn: object = { require: ['oauth2', 'apiKey'] },
  sections: object = {},
  name = '127.0.0.1',
  oauth: object = {},
) {
  const port = await freePort() // the issuer names it before the gateway has one
  const issuer = `http://${name}:${port}`
  const seen: string[] = []
  const running = await startTestGateway(
    t,
    {
      listen: [{ http: `127.0.0.1:${port}` }],
      routes: [{ name: 'app', to: 'app', guards: { authn } }],
      guards: { rate: { limit: 1_000_000 }, waf: { mode: 'off' } },
      accounts: { oauth: { issuer, ...oauth } },
      ...sections,
    },
    (req, res) => {
      seen.push(String(req.headers.authorization))
      res.end('ok')
    },
  )
  const ask = async <Result>(operation: string, input: object): Promise<Result> => {
    const reply = await askGateway(`${running.dir}/state`, 'POST', `/api/v1/${operation}`, input)
    assert.equal(reply?.status, 200, JSON.stringify(reply?.body))
    return reply?.body as Result
  }
  return { ...running, issuer, ask, seen }
}

export type Asking = Awaited<ReturnType<typeof start>>

const grants = ['client_credentials']
export const createClient = ({ ask }: Asking, input: object = {}) =>
  ask<{ clientId: string; clientSecret: string }>('clients/create', { name: 'test', grants, ...input })

export async function tokenOf(running: Asking, client: { clientId: string; clientSecret: string }): Promise<string> {
  const response = await fetch(`${running.issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
    }),
  })
  const body = (await response.json()) as { access_token: string; token_type: string; expires_in: number }
  assert.deepEqual([response.status, body.token_type, body.expires_in], [200, 'Bearer', 3600])
  return body.access_token
}

export const call = async ({ url }: Pick<RunningGateway, 'url'>, headers: Record<string, string>) => {
  const response = await fetch(url, { headers })
  await response.text()
  return response
}
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** What a client library finds out about our authorization server. */
export function discover(
  { issuer }: Pick<Asking, 'issuer'>,
  clientId: string,
  authentication: oidc.ClientAuth,
  customFetch?: oidc.CustomFetch,
) {
  return oidc.discovery(new URL(issuer), clientId, undefined, authentication, {
    algorithm: 'oauth2',
    ...(customFetch && { [oidc.customFetch]: customFetch }),
    execute: [oidc.allowInsecureRequests],
  })
}
