// What leaves the shop. Holes: server-side request forgery, command injection, open redirect and response splitting,
// look-ups in log lines.

import { badRequest, json, readObject, type ShopAnswer, type ShopRequest, type ShopRoute, text } from '../route.ts'
import { formatLogLine } from '../world/lookups.ts'
import type { World } from '../world/world.ts'

export const networkRoutes: readonly ShopRoute[] = [
  { method: 'GET', path: '/fetch', handle: fetchUrl },
  { method: 'GET', path: '/ping', handle: ping },
  { method: 'GET', path: '/redirect', handle: redirect },
  { method: 'POST', path: '/log', handle: log },
]

/** Fetches what the client names: SSRF. */
async function fetchUrl({ query }: ShopRequest, world: World): Promise<ShopAnswer> {
  try {
    const { status, contentType, text: body } = await world.internet.fetch(query.get('url') ?? '')
    return { status: status === 200 ? 200 : 502, headers: { 'content-type': contentType }, body }
  } catch (error) {
    return json(502, { error: error instanceof Error ? error.message : 'not reachable' })
  }
}

/** The host glued into a command line. */
function ping({ query }: ShopRequest, world: World) {
  return text(200, world.shell.run(`ping -c 1 ${query.get('host') ?? 'localhost'}`))
}

/** Sends the client wherever it says, and writes the header line without a look at it. */
function redirect({ query }: ShopRequest): ShopAnswer {
  const to = query.get('to') ?? '/'
  return { status: 302, headers: {}, body: '', rawHead: `Location: ${to}\r\n` }
}

/** Logs a client-side error together with the user agent, with look-ups on. */
async function log(request: ShopRequest, world: World) {
  const message = readObject(request)?.['message']
  if (typeof message !== 'string') return badRequest('a report has a message')
  const line = `client error: ${message} (${request.headers['user-agent'] ?? 'unknown agent'})`
  return json(202, { entry: await formatLogLine(line, name => world.internet.lookUp(name)) })
}
