// merlon authz explain METHOD PATH: one decision, as the guard would make it, with the policies that make it.

import type { Config } from '../config/config.ts'
import { utf8ToBytes } from '../lib/bytes.ts'
import { ipKey, parseIp } from '../lib/ip.ts'
import { defaultBodyPolicy } from '../pipeline/body.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { noHeaderRules } from '../pipeline/header-rules.ts'
import { HeaderList } from '../pipeline/headers.ts'
import type { Principal } from '../pipeline/identity.ts'
import { defaultLimits } from '../pipeline/limits.ts'
import type { Route } from '../pipeline/route.ts'
import { Router } from '../pipeline/router.ts'
import { Authorizer, type Decision, type Unreadable } from '../policies/authorizer.ts'
import type { Policy } from '../policies/policy-files.ts'
import { uidOf } from '../policies/principal.ts'
import { loadAuthz, modelOf, patternsOf } from './authz-config.ts'
import { CommandFailure, print, printJson } from './output.ts'

interface ExplainOptions {
  readonly config: string
  readonly user?: string
  readonly client?: string
  readonly key?: string
  readonly role?: readonly string[]
  readonly group?: readonly string[]
  readonly scope?: readonly string[]
  readonly issuer?: string
  readonly acr?: string
  readonly ip: string
  readonly host: string
  readonly time?: number
  readonly body?: string
  readonly mtls?: true
  readonly score: number
  readonly json?: true
}

export function explain(method: string, path: string, options: ExplainOptions): number {
  if (!/^[A-Z][A-Z-]{0,31}$/.test(method)) throw new CommandFailure(`${method} is not a method: write GET, POST …`, 2)
  if (!path.startsWith('/')) throw new CommandFailure(`${path} is not a path: it must start with /`, 2)
  const { config, routes } = loadAuthz(options.config)
  const route = routeOf(config, method, options.host, path)
  if (!routes.some(({ name }) => name === route)) {
    throw new CommandFailure(`the route ${route} has no guard authz: no policy is asked`)
  }
  const ownIssuer = config.accounts.oauth?.issuer
  const authorizer = new Authorizer(modelOf(routes, patternsOf(config, route), config.dir), route, ownIssuer)
  const ex = exchangeOf(method, path, options, ownIssuer)
  const uid = uidOf(ex.principal, ownIssuer)
  const found = authorizer.find(ex)
  const decision: Decision | Unreadable | undefined = found && authorizer.decide(ex, found, options.time ?? Date.now())
  const considered = found ? authorizer.considered(found) : []
  authorizer.close()
  const allowed = decision !== undefined && 'allowed' in decision && decision.allowed
  const report = {
    decision: allowed ? 'allow' : 'deny',
    route,
    principal: uid,
    operation: found?.operation.id,
    parameters: found?.path,
    reason: reasonOf(decision),
    policies: decision && 'policies' in decision ? decision.policies.map(shown) : [],
    errors:
      decision && 'errors' in decision
        ? decision.errors.map(({ policy, message }) => ({ id: policy?.id, message }))
        : [],
    considered: considered.map(shown),
  }
  if (options.json) printJson(report)
  else {
    const who = `${uid.type} ${JSON.stringify(uid.id)}`
    print(`${allowed ? 'allowed' : 'denied'}: ${who}, ${found?.operation.id ?? `${method} ${path}`}, route ${route}`)
    print(`  ${report.reason}`)
    for (const { effect, id, file, line } of report.policies) print(`  ${effect}  ${id}  ${file}:${line}`)
    for (const { id, message } of report.errors) print(`  failed  ${id}: ${message}`)
    if (!allowed && report.policies.length === 0 && considered.length > 0) {
      print('  asked in vain:')
      for (const { effect, id, file, line } of report.considered) print(`    ${effect}  ${id}  ${file}:${line}`)
    }
  }
  return allowed ? 0 : 1
}

function shown({ id, file, statement, json }: Policy) {
  return { id, effect: json.effect, file, line: statement.line }
}

function reasonOf(decision: Decision | Unreadable | undefined): string {
  if (!decision) return 'no operation of this route has this method and path'
  if ('unreadable' in decision) return decision.unreadable
  if (decision.errors.length > 0) return 'a policy could not be evaluated, and that denies'
  if (decision.policies.length === 0) return 'no policy permits it'
  return decision.allowed ? 'permitted by' : 'forbidden by'
}

/** The route that would take the request. */
function routeOf({ routes, file }: Config, method: string, host: string, path: string): string {
  const router = new Router(routes.map(({ name, match }) => ({ match, target: name })))
  const [bare = path] = path.split('?', 1)
  const name = router.match(method, host.toLowerCase(), utf8ToBytes(bare))
  if (name === 'ambiguous') throw new CommandFailure('servers read this path in ways that belong to different routes')
  if (name === undefined) throw new CommandFailure(`no route of ${file} takes ${method} ${host}${bare}`)
  return name
}

function principalOf(options: ExplainOptions, ownIssuer = ''): Principal | undefined {
  const { user, client, key, scope = [], role = [], group = [], acr = '' } = options
  const given = [user, client, key].filter(id => id !== undefined)
  if (given.length > 1) throw new CommandFailure('--user, --client and --key exclude each other', 2)
  const [id] = given
  const rest = { scopes: scope, roles: role, groups: group, acr }
  if (id === undefined) {
    if (scope.length + role.length + group.length > 0) {
      throw new CommandFailure('--role, --group and --scope need --user, --client or --key', 2)
    }
    return undefined
  }
  const issuer = options.issuer ?? ownIssuer
  if (key !== undefined) return { kind: 'apiKey', id, issuer: '', clientId: '', ...rest }
  if (client !== undefined) return { kind: 'client', id, issuer, clientId: id, ...rest }
  return { kind: 'user', id, issuer, clientId: '', ...rest }
}

function exchangeOf(method: string, path: string, options: ExplainOptions, ownIssuer: string | undefined): Exchange {
  const { ip, host, body, mtls, score, time } = options
  const ipBytes = parseIp(ip) ?? new Uint8Array(4)
  const certificate = mtls
    ? { subject: '', names: [], spiffeId: undefined, fingerprint: '', der: new Uint8Array(0) }
    : undefined
  const tls = { version: 'TLSv1.3', sni: '', alpn: '', ja4: '', certificate }
  const client = { ip, ipBytes, key: ipKey(ipBytes), port: 0, peerIp: ip, secure: true, tls }
  const headers = new HeaderList(body === undefined ? [] : ['content-type', 'application/json'])
  const target = utf8ToBytes(path)
  const line = { method, target, protocol: 'HTTP/1.1', headers, localIp: '', localPort: 0 }
  const ex = new Exchange('explain', time ?? Date.now(), client, line, host.toLowerCase(), nowhere)
  if (body !== undefined) ex.body = { bytes: Buffer.from(body), complete: true }
  ex.principal = principalOf(options, ownIssuer)
  ex.score = score
  return ex
}

/** An exchange must have a route; the guard does not look at it. */
const nowhere: Route = {
  name: '',
  mode: 'protect',
  phases: { onHeaders: [], onBody: [], onResponseHeaders: [], onResponseBody: [] },
  done: [],
  destination: { name: '', send: async () => {}, upgrade: async () => false },
  limits: defaultLimits,
  body: defaultBodyPolicy,
  paths: 'asIs',
  headers: noHeaderRules,
}
