// Accounts, profiles and the staff directory. Holes: SQL injection in the login, NoSQL operator injection, BOLA, missing
// function-level authorization, mass assignment, prototype pollution, LDAP injection, secrets in answers.

import { badRequest, json, notFound, readJson, readObject, type ShopRequest, type ShopRoute } from '../route.ts'
import { currentUser, loginFirst, startSession } from '../session.ts'
import { findDocuments } from '../world/documents.ts'
import { searchDirectory } from '../world/ldap.ts'
import { mergeSettings } from '../world/merge.ts'
import type { World } from '../world/world.ts'

export const peopleRoutes: readonly ShopRoute[] = [
  { method: 'POST', path: '/login', handle: login },
  { method: 'GET', path: '/users/find', handle: findByQuery },
  { method: 'POST', path: '/users/find', handle: findByBody },
  { method: 'GET', path: '/users/{id}', handle: showUser },
  { method: 'PATCH', path: '/profile', handle: changeProfile },
  { method: 'GET', path: '/admin/stats', handle: showStats },
  { method: 'GET', path: '/ldap', handle: searchStaff },
]

/** Email and password glued into the statement: SQL injection; and no limit on guesses. */
function login(request: ShopRequest, world: World) {
  const credentials = readObject(request)
  if (!credentials) return badRequest('send {"email","password"} as JSON')
  const { email, password } = credentials
  const sql = `SELECT id, name, role FROM users WHERE email = '${email}' AND password = '${password}'`
  const user = world.database.query(sql)[0]
  if (!user) return json(401, { error: 'wrong email or password' })
  const token = startSession(world, Number(user['id']))
  return json(200, { token, user }, { 'set-cookie': `shop_session=${token}; Path=/` })
}

/** Hands the client's filter to the document store: operators and `$where` come along. */
function findByBody(request: ShopRequest, world: World) {
  return find(readJson(request), world)
}

/** The same from a query string in the style of qs: `?email=…`, `?email[$ne]=…`. */
function findByQuery({ query }: ShopRequest, world: World) {
  const filter: Record<string, unknown> = Object.create(null)
  for (const [name, value] of query) {
    const [, key = name, operator] = /^([^[\]]+)\[([^\]]*)\]$/.exec(name) ?? []
    filter[key] = operator === undefined ? value : Object.fromEntries([[operator, value]])
  }
  return find(filter, world)
}

function find(filter: unknown, world: World) {
  const documents = world.database.query('SELECT id, name, email, password, role FROM users')
  if (typeof filter !== 'object' || filter === null || Object.keys(filter).length === 0)
    return badRequest('name a field to search by')
  try {
    const found = findDocuments(documents, filter, world.globals)
    return json(200, { users: found.map(({ id, name, role }) => ({ id, name, role })) })
  } catch (error) {
    return badRequest(error instanceof Error ? error.message : 'bad filter')
  }
}

/** Any logged-in person sees any user (BOLA), password and card number included (excessive data). */
function showUser(request: ShopRequest, world: World) {
  if (!currentUser(request, world)) return loginFirst()
  const user = world.database.query('SELECT * FROM users WHERE id = ?', Number(request.params['id']) || 0)[0]
  return user ? json(200, user) : notFound()
}

/** Merges any key of the body into the profile: mass assignment (`role`) and prototype pollution. */
function changeProfile(request: ShopRequest, world: World) {
  const user = currentUser(request, world)
  if (!user) return loginFirst()
  const change = readObject(request)
  if (!change) return badRequest('send the changes as a JSON object')
  const { id, name, email, role } = user
  const { merged, inherited } = mergeSettings(
    { id, name, email, role, settings: { newsletter: true, theme: 'light' } },
    change,
  )
  const session: Readonly<Record<string, unknown>> = { isAdmin: role === 'admin', ...inherited }
  return json(200, { profile: merged, session })
}

/** For staff only, says the manual; nobody checks. */
function showStats(_request: ShopRequest, world: World) {
  const sql = `SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM orders) AS orders,
    (SELECT sum(total) FROM orders) AS revenue`
  const customers = world.database.query('SELECT name, email, card FROM users')
  return json(200, { ...world.database.query(sql)[0], customers })
}

/** The name glued into a search filter: LDAP injection. */
function searchStaff({ query }: ShopRequest) {
  const filter = `(&(objectClass=person)(uid=${query.get('user') ?? ''}))`
  try {
    const people = searchDirectory(filter).map(({ uid, cn, mail, room }) => ({ uid, cn, mail, room }))
    return json(200, { people })
  } catch (error) {
    return json(400, { error: error instanceof Error ? error.message : 'bad filter', filter })
  }
}
