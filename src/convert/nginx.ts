// Reads an nginx set-up with ModSecurity: servers, locations that are proxied, upstreams, and which rules run where.

import type { FilePort } from '../waf/types.ts'
import { readText } from './files.ts'
import { type NginxNode, parseNginx } from './nginx-syntax.ts'
import { type Place, type Report, type RouteSetup, type RuleInput, type ServerSetup, UpstreamNames } from './setup.ts'
import { hostsOf, isOrigin, listenAddress, prefixPaths } from './targets.ts'

/** What holds inside a block unless a block within says otherwise. */
interface Scope {
  readonly isInspected: boolean
  readonly inputs: readonly RuleInput[]
  readonly bodyMax: string | undefined
}

const filesMax = 2000
const depthMax = 16

/** Directives of a web server or proxy that a gateway does by itself, or that make no difference to it. */
const silent = new Set(
  `absolute_redirect accept_mutex access_log aio autoindex charset client_body_buffer_size client_body_temp_path
  client_body_timeout client_header_buffer_size client_header_timeout daemon default_type directio env error_log etag
  events expires gzip gzip_comp_level gzip_disable gzip_http_version gzip_min_length gzip_proxied gzip_static gzip_types
  gzip_vary http2 ignore_invalid_headers index keepalive_requests keepalive_timeout large_client_header_buffers
  load_module lock_file log_format log_not_found log_subrequest map_hash_bucket_size master_process modsecurity
  modsecurity_rules modsecurity_rules_file msie_padding open_file_cache open_file_cache_errors open_file_cache_min_uses
  open_file_cache_valid output_buffers pcre_jit pid port_in_redirect postpone_output proxy_buffer_size proxy_buffering
  proxy_buffers proxy_busy_buffers_size proxy_connect_timeout proxy_headers_hash_bucket_size
  proxy_headers_hash_max_size proxy_http_version proxy_max_temp_file_size proxy_pass_request_body
  proxy_pass_request_headers proxy_read_timeout proxy_request_buffering proxy_send_timeout proxy_temp_path recursive_error_pages
  reset_timedout_connection resolver resolver_timeout send_timeout sendfile sendfile_max_chunk server_name
  server_name_in_redirect server_names_hash_bucket_size server_names_hash_max_size server_tokens tcp_nodelay tcp_nopush
  thread_pool timer_resolution types types_hash_bucket_size types_hash_max_size underscores_in_headers user
  variables_hash_bucket_size variables_hash_max_size worker_connections worker_cpu_affinity worker_priority
  worker_processes worker_rlimit_nofile worker_shutdown_timeout`
    .split(/\s+/)
    .concat(['http', 'server', 'location', 'upstream', 'listen', 'proxy_pass', 'client_max_body_size']),
)

/** Headers that the gateway sends by itself. */
const ownHeaders = new Set([
  'host',
  'connection',
  'upgrade',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-request-id',
  'forwarded',
])

export function readNginx(file: string, files: FilePort, report: Report): ServerSetup {
  const reader = new NginxReader(file, files, report)
  return reader.read()
}

class NginxReader {
  readonly #file: string
  readonly #files: FilePort
  readonly #report: Report
  readonly #names = new UpstreamNames()
  readonly #upstreams = new Map<string, NginxNode>()
  readonly #listens = new Set<string>()
  readonly #routes: RouteSetup[] = []
  readonly #proxies: string[] = []
  #filesRead = 0

  constructor(file: string, files: FilePort, report: Report) {
    this.#file = file
    this.#files = files
    this.#report = report
  }

  read(): ServerSetup {
    const top = this.#load(this.#file, 0)
    const http = top.filter(({ name }) => name === 'http').flatMap(({ children }) => children ?? [])
    const nodes = [...top.filter(({ name }) => name !== 'http'), ...http]
    for (const node of nodes) if (node.name === 'upstream') this.#upstreams.set(node.args[0] ?? '', node)
    const scope = this.#scope(nodes, { isInspected: false, inputs: [], bodyMax: undefined })
    this.#trust(nodes)
    this.#tell(nodes)
    const servers = nodes.filter(({ name }) => name === 'server')
    for (const server of servers) this.#server(server, scope)
    this.#tellDefault(servers)
    if (servers.length === 0) this.#locations(nodes, [undefined], scope)
    return {
      listens: [...this.#listens],
      upstreams: this.#names.servers,
      routes: this.#routes,
      inputs: scope.inputs,
      trustedProxies: this.#proxies,
      bodyMax: scope.bodyMax,
    }
  }

  #load(file: string, depth: number): NginxNode[] {
    const text = readText(file, this.#files)
    if (typeof text !== 'string') {
      this.#report.add({ file, line: 1 }, text.problem)
      return []
    }
    this.#filesRead++
    return this.#expand(parseNginx(file, text, this.#report), depth)
  }

  /** Includes are seen from the folder of the main file, wherever they stand. */
  #expand(nodes: readonly NginxNode[], depth: number): NginxNode[] {
    return nodes.flatMap(node => {
      if (node.name !== 'include') {
        return [{ ...node, children: node.children && this.#expand(node.children, depth) }]
      }
      const pattern = this.#files.resolve(this.#file, node.args[0] ?? '')
      const found = this.#files.glob(pattern)
      if (found.length === 0 && !/[*?[]/.test(pattern)) this.#report.add(node.place, `there is no ${pattern}`)
      if (depth >= depthMax || this.#filesRead + found.length > filesMax) {
        this.#report.add(node.place, 'too many files are included, this one is not read')
        return []
      }
      return found.flatMap(file => this.#load(file, depth + 1))
    })
  }

  #scope(nodes: readonly NginxNode[], outer: Scope): Scope {
    let { isInspected, bodyMax } = outer
    const inputs: RuleInput[] = []
    for (const { name, args, argPlaces, place } of nodes) {
      const [value = ''] = args
      if (name === 'modsecurity') isInspected = value === 'on'
      else if (name === 'modsecurity_rules_file') {
        inputs.push({ kind: 'file', pattern: this.#files.resolve(this.#file, value), place })
      } else if (name === 'modsecurity_rules') inputs.push({ kind: 'text', text: value, place: argPlaces[0] ?? place })
      else if (name === 'client_max_body_size') bodyMax = sizeOf(value)
    }
    return { isInspected, inputs, bodyMax }
  }

  #trust(nodes: readonly NginxNode[]): void {
    for (const { name, args, place } of nodes) {
      const [value = ''] = args
      if (name === 'set_real_ip_from') {
        if (/^[0-9a-fA-F.:]+(\/\d+)?$/.test(value)) this.#proxies.push(value)
        else this.#report.add(place, `${name} ${value}: trustedProxies takes addresses and networks`)
      } else if (name === 'real_ip_header' && value.toLowerCase() !== 'x-forwarded-for') {
        this.#report.add(place, `${name} ${value}: the address of the client is taken from X-Forwarded-For alone`)
      }
    }
  }

  /** Reports what is neither read nor without a meaning here. */
  #tell(nodes: readonly NginxNode[]): void {
    for (const { name, args, place } of nodes) {
      if (silent.has(name) || /^(ssl_|set_real_ip_from$|real_ip_)/.test(name)) continue
      if (name === 'proxy_set_header' && ownHeaders.has((args[0] ?? '').toLowerCase())) continue
      this.#report.add(place, `${[name, ...args].join(' ').slice(0, 200)}: has no equal in merlon.yaml`)
    }
  }

  #server({ children = [], place }: NginxNode, outer: Scope): void {
    for (const node of children) if (node.name === 'listen') this.#listen(node)
    const named = children.filter(({ name }) => name === 'server_name')
    const names = hostsOf(
      named.flatMap(({ args }) => args),
      named[0]?.place ?? place,
      this.#report,
    )
    const hosts = isDefault(children) && !names.includes(undefined) ? [...names, undefined] : names
    const inner = this.#scope(children, outer)
    this.#trust(children)
    this.#tell(children)
    const before = this.#routes.length
    this.#locations(children, hosts, inner)
    if (this.#routes.length === before) this.#report.add(place, 'this server proxies nothing, so it has no route')
  }

  /** Without default_server the first server answers for hosts that none names. */
  #tellDefault([first, ...others]: readonly NginxNode[]): void {
    if (!first || this.#routes.length === 0 || this.#routes.some(({ host }) => host === undefined)) return
    if ([first, ...others].some(({ children = [] }) => isDefault(children))) return
    this.#report.add(first.place, 'this server also answers for hosts that no server names: here they have no route')
  }

  #listen({ args, place }: NginxNode): void {
    const [where = '', ...options] = args
    if (options.includes('ssl') || options.includes('quic')) {
      this.#report.add(place, `listen ${args.join(' ')}: give its address and certificate to merlon.yaml by hand`)
      return
    }
    const address = listenAddress(where)
    if (address === undefined) this.#report.add(place, `listen ${where}: is no address and port`)
    else this.#listens.add(address)
  }

  #locations(nodes: readonly NginxNode[], hosts: readonly (string | undefined)[], scope: Scope): void {
    for (const node of nodes) {
      if (node.name !== 'location') continue
      const children = node.children ?? []
      const inner = this.#scope(children, scope)
      const own = { ...inner, inputs: [...scope.inputs, ...inner.inputs] }
      this.#tell(children)
      const paths = this.#paths(node)
      const proxy = children.find(({ name }) => name === 'proxy_pass')
      const upstream = proxy && paths && this.#upstreamOf(proxy, node.args.at(-1) ?? '/')
      if (upstream !== undefined) this.#route(hosts, paths ?? [], upstream, own, node.place)
      else if (!proxy && paths && !children.some(({ name }) => name === 'location')) {
        this.#report.add(node.place, `location ${node.args.join(' ')}: is not proxied, so it has no route`)
      }
      this.#locations(children, hosts, own)
    }
  }

  #route(
    hosts: readonly (string | undefined)[],
    paths: readonly (string | undefined)[],
    upstream: string,
    { isInspected, inputs, bodyMax }: Scope,
    place: Place,
  ): void {
    for (const host of hosts) {
      for (const path of paths) this.#routes.push({ host, path, upstream, inputs, isInspected, bodyMax, place })
    }
  }

  /** Undefined for locations that can't be told by a prefix or a whole path. */
  #paths({ args, place }: NginxNode): readonly (string | undefined)[] | undefined {
    const [first = '', second = ''] = args
    if (first.startsWith('@')) return undefined
    if (first === '=') return [second]
    if (first.startsWith('~')) {
      this.#report.add(place, `location ${args.join(' ')}: routes match whole paths and prefixes, not patterns`)
      return undefined
    }
    return prefixPaths(first === '^~' ? second : first, place, this.#report)
  }

  #upstreamOf({ args, place }: NginxNode, location: string): string | undefined {
    const target = args[0] ?? ''
    const match = /^(https?):\/\/([^/\s]+)(\/\S*)?$/.exec(target)
    if (!match || target.includes('$')) {
      this.#report.add(place, `proxy_pass ${target}: an upstream is http:// or https:// with a host and a port`)
      return undefined
    }
    const [, scheme = 'http', authority = '', uri] = match
    if (uri !== undefined && uri !== location) {
      this.#report.add(place, `proxy_pass ${target}: paths go to the upstream as they came`)
    }
    const group = this.#upstreams.get(authority)
    if (!group) {
      if (isOrigin(`${scheme}://${authority}`)) return this.#names.add(authority, [`${scheme}://${authority}`])
      this.#report.add(place, `proxy_pass ${target}: is no address`)
      return undefined
    }
    const servers = this.#serversOf(group, scheme)
    return servers.length === 0 ? undefined : this.#names.add(authority, servers)
  }

  #serversOf({ children = [], place }: NginxNode, scheme: string): string[] {
    const servers: string[] = []
    for (const { name, args, place: at } of children) {
      const [address = '', ...options] = args
      if (name !== 'server') {
        if (!['keepalive', 'zone'].includes(name) && !/^keepalive_/.test(name)) {
          this.#report.add(at, `${name}: the load goes to the server with the fewest requests under way`)
        }
        continue
      }
      const lost = options.filter(option => /^(weight=|backup|down|max_conns=|resolve|slow_start=)/.test(option))
      if (lost.length > 0) this.#report.add(at, `server ${address} ${lost.join(' ')}: servers have no options`)
      if (isOrigin(`${scheme}://${address}`)) servers.push(`${scheme}://${address}`)
      else this.#report.add(at, `server ${address}: is no address and port`)
    }
    if (servers.length === 0) this.#report.add(place, 'an upstream without a server that could be read')
    return servers
  }
}

function isDefault(children: readonly NginxNode[]): boolean {
  return children.some(({ name, args }) => name === 'listen' && args.includes('default_server'))
}

/** `10m` is 10 MiB; 0 is without a bound. */
function sizeOf(text: string): string | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text)
  if (!match || match[1] === '0') return undefined
  const units: Record<string, string> = { '': 'B', k: 'KiB', m: 'MiB', g: 'GiB' }
  return `${match[1]}${units[(match[2] ?? '').toLowerCase()]}`
}
