// Who is logged in. A session is a random token, sent as a cookie or as a bearer token. Whether that person may see what
// they ask for is nobody's business in this shop, which is the hole named BOLA.

import { randomUUID } from 'node:crypto'
import { json, type ShopAnswer, type ShopRequest } from './route.ts'
import type { Row } from './world/database.ts'
import type { World } from './world/world.ts'

export function startSession(world: World, userId: number): string {
  const token = randomUUID()
  world.database.makeRoom('sessions')
  world.database.change('INSERT INTO sessions (token, user) VALUES (?, ?)', token, userId)
  return token
}

/** The user of the request's session. */
export function currentUser(request: ShopRequest, world: World): Row | undefined {
  const bearer = /^bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1]
  const token = readCookie(request, 'shop_session') ?? bearer
  if (token === undefined) return undefined
  const sql = 'SELECT users.* FROM sessions JOIN users ON users.id = sessions.user WHERE token = ?'
  return world.database.query(sql, token)[0]
}

export function readCookie(request: ShopRequest, name: string): string | undefined {
  for (const pair of (request.headers['cookie'] ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

export function loginFirst(): ShopAnswer {
  return json(401, { error: 'log in first' }, { 'www-authenticate': 'Bearer realm="postern"' })
}
