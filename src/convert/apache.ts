// Reads an Apache set-up with ModSecurity: virtual hosts, what they proxy, balancers, and SecLang wherever it stands.

import type { FilePort } from '../waf/types.ts'
import { type ApacheNode, parseApache } from './apache-syntax.ts'
import { readText } from './files.ts'
import { type Place, type Report, type RouteSetup, type RuleInput, type ServerSetup, UpstreamNames } from './setup.ts'
import { hostsOf, isOrigin, listenAddress, prefixPaths } from './targets.ts'

const filesMax = 4000
const depthMax = 16

/** Directives of a web server that a gateway does by itself, or that make no difference to it. */
const silent = new Set(
  `accessfilename addcharset adddefaultcharset addencoding addhandler addicon addlanguage addoutputfilter
  addoutputfilterbyfiletype addoutputfilterbytype addtype balancermember customlog defaulttype define directoryindex
  documentroot enablemmap enablesendfile errordocument errorlog errorlogformat extendedstatus filtersprovider group
  hostnamelookups include includeoptional keepalive keepalivetimeout limitrequestbody listen loadfile loadmodule
  logformat loglevel maxconnectionsperchild maxkeepaliverequests maxrequestworkers maxspareservers maxsparethreads
  minspareservers minsparethreads mutex namevirtualhost options pidfile proxybadheader proxyiobuffersize proxypass
  proxypassreverse proxypassreversecookiedomain proxypassreversecookiepath proxypreservehost proxyreceivebuffersize
  proxyrequests proxytimeout proxyvia remoteipheader remoteipinternalproxy remoteiptrustedproxy requestreadtimeout
  scoreboardfile serveradmin serveralias serverlimit servername serverroot serversignature servertokens startservers
  threadlimit threadsperchild timeout traceenable typesconfig undefine unsetenv usecanonicalname user`.split(/\s+/),
)

interface Proxied {
  readonly prefix: string
  readonly upstream: string
  readonly place: Place
}

/** What a virtual host or the server itself holds. */
interface Host {
  readonly hosts: readonly (string | undefined)[]
  readonly proxied: Proxied[]
  readonly inputs: RuleInput[]
  readonly locations: { readonly prefix: string; readonly inputs: RuleInput[]; readonly place: Place }[]
  bodyMax: string | undefined
}

export function readApache(file: string, files: FilePort, report: Report): ServerSetup {
  return new ApacheReader(file, files, report).read()
}

class ApacheReader {
  readonly #file: string
  readonly #files: FilePort
  readonly #report: Report
  readonly #names = new UpstreamNames()
  readonly #balancers = new Map<string, string[]>()
  readonly #variables = new Map<string, string>()
  readonly #listens = new Set<string>()
  readonly #proxies: string[] = []
  readonly #hosts: Host[] = []
  #root: string
  #filesRead = 0

  constructor(file: string, files: FilePort, report: Report) {
    this.#file = file
    this.#root = file
    this.#files = files
    this.#report = report
  }

  read(): ServerSetup {
    const main = newHost([undefined])
    const nodes = this.#load(this.#file, 0)
    this.#collectBalancers(nodes)
    this.#take(nodes, main)
    const hosts = [main, ...this.#hosts]
    return {
      listens: [...this.#listens],
      upstreams: this.#names.servers,
      routes: hosts.flatMap(host => routesOf(host, host === main ? [] : host.inputs, this.#report)),
      inputs: main.inputs,
      trustedProxies: this.#proxies,
      bodyMax: main.bodyMax,
    }
  }

  #load(file: string, depth: number): ApacheNode[] {
    const text = readText(file, this.#files)
    if (typeof text !== 'string') {
      this.#report.add({ file, line: 1 }, text.problem)
      return []
    }
    this.#filesRead++
    return this.#expand(parseApache(file, text, this.#report), depth)
  }

  /** Puts included files in the place of their Include, but for those that are nothing but rules. */
  #expand(nodes: readonly ApacheNode[], depth: number): ApacheNode[] {
    return nodes.flatMap(node => {
      const name = node.name.toLowerCase()
      const words = node.words.map(word => this.#substitute(word, node.place))
      if (name === 'define') this.#variables.set(words[0] ?? '', words[1] ?? '')
      else if (name === 'serverroot') this.#root = `${words[0]}/x`
      if (name !== 'include' && name !== 'includeoptional') {
        return [{ ...node, words, children: node.children && this.#expand(node.children, depth) }]
      }
      const pattern = this.#files.resolve(this.#root, words[0] ?? '')
      const found = this.#files.glob(pattern)
      if (found.length === 0 && name === 'include' && !/[*?[]/.test(pattern))
        this.#report.add(node.place, `there is no ${pattern}`)
      if (depth >= depthMax || this.#filesRead + found.length > filesMax) {
        this.#report.add(node.place, 'too many files are included, this one is not read')
        return []
      }
      return found.flatMap(file =>
        this.#isRuleFile(file)
          ? [{ ...node, name: 'RuleFile', words: [file], children: undefined }]
          : this.#load(file, depth + 1),
      )
    })
  }

  #isRuleFile(file: string): boolean {
    const text = readText(file, this.#files)
    if (typeof text !== 'string') return false
    const names = [...text.matchAll(/^[ \t]*(<?[A-Za-z]+)/gm)].map(([, name = '']) => name.toLowerCase())
    return (
      names.length > 0 && !/^[ \t]*</m.test(text) && /^[ \t]*Sec(Rule|Action|Marker|ComponentSignature)/im.test(text)
    )
  }

  #substitute(word: string, place: Place): string {
    return word.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
      const value = this.#variables.get(name)
      if (value === undefined) this.#report.add(place, `${whole} is not defined in these files`)
      return value ?? whole
    })
  }

  #collectBalancers(nodes: readonly ApacheNode[]): void {
    for (const { name, words, children } of nodes) {
      if (!children) continue
      const [target = ''] = words
      if (name.toLowerCase() === 'proxy' && target.startsWith('balancer://')) {
        const members = children.filter(child => child.name.toLowerCase() === 'balancermember')
        this.#balancers.set(
          balancerOf(target),
          members.flatMap(member => this.#member(member)),
        )
      } else this.#collectBalancers(children)
    }
  }

  #member({ words, place }: ApacheNode): string[] {
    const [target = '', ...options] = words
    const lost = options.filter(option => /^(loadfactor|status|route)=/i.test(option))
    if (lost.length > 0) this.#report.add(place, `BalancerMember ${target} ${lost.join(' ')}: servers have no options`)
    if (isOrigin(target)) return [target.replace(/\/$/, '')]
    this.#report.add(place, `BalancerMember ${target}: is no http:// or https:// origin`)
    return []
  }

  #take(nodes: readonly ApacheNode[], host: Host): void {
    for (const node of nodes) {
      if (node.children) this.#section(node, node.children, host)
      else this.#directive(node, host)
    }
  }

  #section({ name, words, place }: ApacheNode, children: readonly ApacheNode[], host: Host): void {
    const label = `<${[name, ...words].join(' ')}>`
    switch (name.toLowerCase()) {
      case 'ifmodule':
      case 'ifversion':
      case 'requireall':
      case 'requireany':
        return this.#take(children, host)
      case 'ifdefine':
        this.#report.add(place, `${label}: is taken for defined`)
        return this.#take(children, host)
      case 'virtualhost':
        return this.#virtualHost(children, place)
      case 'location':
        return this.#location(words[0] ?? '/', children, host, place)
      case 'proxy':
        return
      case 'directory':
      case 'files':
      case 'filesmatch':
      case 'directorymatch':
        if (children.some(isSecLang))
          this.#report.add(place, `${label}: a gateway has no files; its rules are left out`)
        return
      default:
        this.#report.add(place, `${label}: has no equal in merlon.yaml`)
    }
  }

  #virtualHost(children: readonly ApacheNode[], place: Place): void {
    const named = children.filter(({ name }) => /^server(name|alias)$/i.test(name))
    const tls = children.find(
      ({ name, words }) => name.toLowerCase() === 'sslengine' && words[0]?.toLowerCase() === 'on',
    )
    if (tls) this.#report.add(tls.place, 'SSLEngine on: give its address and certificate to merlon.yaml by hand')
    const host = newHost(
      hostsOf(
        named.flatMap(({ words }) => words),
        named[0]?.place ?? place,
        this.#report,
      ),
    )
    this.#hosts.push(host)
    this.#take(children, host)
    if (host.proxied.length === 0) this.#report.add(place, 'this virtual host proxies nothing, so it has no route')
  }

  #location(prefix: string, children: readonly ApacheNode[], host: Host, place: Place): void {
    const inner = newHost(host.hosts)
    for (const node of children) {
      const isProxy = node.name.toLowerCase() === 'proxypass'
      if (isProxy) this.#proxyPass({ ...node, words: [prefix, ...node.words] }, host)
      else if (node.children) this.#section(node, node.children, inner)
      else this.#directive(node, inner)
    }
    if (inner.inputs.length > 0) host.locations.push({ prefix, inputs: inner.inputs, place })
  }

  #directive(node: ApacheNode, host: Host): void {
    const { name, words, place } = node
    const [value = ''] = words
    const lower = name.toLowerCase()
    if (lower === 'rulefile') host.inputs.push({ kind: 'file', pattern: value, place })
    else if (isSecLang(node)) addText(host.inputs, node)
    else if (lower === 'listen') this.#listen(node)
    else if (lower === 'proxypass') this.#proxyPass(node, host)
    else if (lower === 'limitrequestbody' && /^[1-9]\d*$/.test(value)) host.bodyMax = `${value}B`
    else if (/^remoteip(trusted|internal)proxy$/.test(lower)) this.#trust(node)
    else if (lower === 'remoteipheader' && value.toLowerCase() !== 'x-forwarded-for') {
      this.#report.add(place, `${name} ${value}: the address of the client is taken from X-Forwarded-For alone`)
    } else if (!silent.has(lower) && !/^(ssl|allow|deny|order|require|satisfy)/.test(lower)) {
      this.#report.add(place, `${[name, ...words].join(' ').slice(0, 200)}: has no equal in merlon.yaml`)
    }
  }

  #trust({ name, words, place }: ApacheNode): void {
    for (const network of words) {
      if (/^[0-9a-fA-F.:]+(\/\d+)?$/.test(network)) this.#proxies.push(network)
      else this.#report.add(place, `${name} ${network}: trustedProxies takes addresses and networks`)
    }
  }

  #listen({ words, place }: ApacheNode): void {
    const [where = '', protocol = ''] = words
    const address = listenAddress(where)
    if (protocol.toLowerCase() === 'https' || where.endsWith('443')) {
      this.#report.add(place, `Listen ${words.join(' ')}: give its address and certificate to merlon.yaml by hand`)
    } else if (address === undefined) this.#report.add(place, `Listen ${where}: is no address and port`)
    else this.#listens.add(address)
  }

  #proxyPass({ words, place }: ApacheNode, host: Host): void {
    const [prefix = '/', target = ''] = words
    if (target === '!') {
      this.#report.add(place, `ProxyPass ${prefix} !: a path can't be taken out of a route`)
      return
    }
    const upstream = this.#upstreamOf(prefix, target, place)
    if (upstream !== undefined) host.proxied.push({ prefix, upstream, place })
  }

  #upstreamOf(prefix: string, target: string, place: Place): string | undefined {
    const match = /^([a-z]+):\/\/([^/\s]+)(\/\S*)?$/i.exec(target)
    const [, scheme = '', authority = '', path = '/'] = match ?? []
    const isBalancer = scheme.toLowerCase() === 'balancer'
    const servers = isBalancer ? this.#balancers.get(authority) : [`${scheme}://${authority}`]
    if (!match || !servers || servers.length === 0 || (!isBalancer && !isHttpOrigin(`${scheme}://${authority}`))) {
      this.#report.add(
        place,
        `ProxyPass ${prefix} ${target}: an upstream is http:// or https:// with a host and a port`,
      )
      return undefined
    }
    if (withSlash(path) !== withSlash(prefix)) {
      this.#report.add(place, `ProxyPass ${prefix} ${target}: paths go to the upstream as they came`)
    }
    return this.#names.add(authority, servers)
  }
}

function newHost(hosts: readonly (string | undefined)[]): Host {
  return { hosts, proxied: [], inputs: [], locations: [], bodyMax: undefined }
}

function isSecLang({ name }: ApacheNode): boolean {
  return /^sec[A-Z]/i.test(name) || name === 'RuleFile'
}

/** Directives that stand below one another are one text, so that chains stay whole; line numbers are kept. */
function addText(inputs: RuleInput[], { text, place }: ApacheNode): void {
  const last = inputs.at(-1)
  if (last?.kind === 'text' && last.place.file === place.file) {
    const next = last.place.line + last.text.split('\n').length
    if (next <= place.line) {
      const gap = '\n'.repeat(1 + place.line - next)
      inputs[inputs.length - 1] = { ...last, text: last.text + gap + text }
      return
    }
  }
  inputs.push({ kind: 'text', text, place })
}

function balancerOf(target: string): string {
  return target.slice('balancer://'.length).replace(/\/.*$/, '')
}

function isHttpOrigin(text: string): boolean {
  return /^https?:/i.test(text) && isOrigin(text)
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}

/** @param own Rules of the virtual host; those of the server itself are those of every route. */
function routesOf(host: Host, own: readonly RuleInput[], report: Report): RouteSetup[] {
  const place = (prefix: string, upstream: string, inputs: readonly RuleInput[], at: Place): RouteSetup[] =>
    host.hosts.flatMap(name =>
      (prefixPaths(prefix, at, report) ?? []).map(path => ({
        host: name,
        path,
        upstream,
        inputs,
        isInspected: true,
        bodyMax: host.bodyMax,
        place: at,
      })),
    )
  const located = new Map(host.locations.map(location => [withSlash(location.prefix), location]))
  const routes = host.proxied.flatMap(({ prefix, upstream, place: at }) => {
    const location = located.get(withSlash(prefix))
    located.delete(withSlash(prefix))
    return place(prefix, upstream, [...own, ...(location?.inputs ?? [])], at)
  })
  for (const location of located.values()) {
    const around = host.proxied
      .filter(({ prefix }) => withSlash(location.prefix).startsWith(withSlash(prefix)))
      .sort((a, b) => b.prefix.length - a.prefix.length)[0]
    if (around) routes.push(...place(location.prefix, around.upstream, [...own, ...location.inputs], location.place))
    else report.add(location.place, `<Location ${location.prefix}>: is not proxied, its rules are left out`)
  }
  return routes
}
