// The configuration as the gateway uses it: checked, with every default filled in, units turned into ms and bytes,
// relative paths made absolute. schema.ts makes it from merlon.yaml; the zero-config commands make it in code.
// Plain data, so that it can be posted to the workers.

import type { JwtAlgorithm } from '../lib/jwt.ts'
import type { BodyPolicy } from '../pipeline/body.ts'
import type { HeadersConfig } from '../pipeline/header-rules.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { MaintenanceConfig } from '../pipeline/maintenance.ts'
import type { PathForm } from '../pipeline/path-form.ts'
import type { Mode } from '../pipeline/verdict.ts'

export interface Config {
  /** Where it was read from; shown in status and problems. */
  readonly file: string
  /** Relative paths in the config are seen from here. */
  readonly dir: string
  readonly mode: Mode
  readonly listen: readonly ListenConfig[]
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>
  readonly routes: readonly RouteConfig[]
  /** Guards of requests that no route takes. */
  readonly unrouted: Readonly<Record<string, GuardConfig>>
  readonly trustedProxies: readonly string[]
  readonly store: StoreConfig
  readonly accounts: AccountsConfig
  readonly admin: { readonly listen: Address | undefined }
  readonly events: EventsConfig
  readonly limits: Limits
  /** Data-plane threads; the number of cores unless given. */
  readonly workers: number
}

export interface Address {
  /** Empty: every address of the machine. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface ListenConfig extends Address {
  readonly protocol: 'http' | 'https'
  /** Of http: sends every request to https. */
  readonly redirect: boolean
  readonly proxyProtocol: boolean
  readonly http2: boolean
  /** Undefined for http. */
  readonly tls: TlsConfig | undefined
}

export interface TlsConfig {
  /** Files; without any, and without acme, a certificate signed by itself. */
  readonly certificates: readonly CertificateFiles[]
  readonly acme: AcmeConfig | undefined
  /** 0: no Strict-Transport-Security. */
  readonly hstsSeconds: number
  readonly clients: ClientCertificateConfig | undefined
}

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
  /** `listen.0.cert`, for problems. */
  readonly path: string
}

export interface ClientCertificateConfig {
  readonly ca: string
  readonly crl: string | undefined
  readonly mode: 'request' | 'require'
}

export interface RouteCertificateConfig {
  /** Files. */
  readonly ca: string
  readonly crl: string | undefined
  /** `URI:spiffe://example.org/billing`, `DNS:*.example.org`; every name when empty. */
  readonly names: readonly string[]
}

export interface AcmeConfig {
  readonly domains: readonly string[]
  readonly email: string | undefined
  /** URL of the directory. */
  readonly directory: string
  /** File. */
  readonly ca: string | undefined
  readonly challenge: 'http-01' | 'tls-alpn-01' | 'dns-01'
  /** Of dns-01. */
  readonly dnsHook?: DnsHookConfig
  readonly eab: { readonly kid: string; readonly hmacKey: string } | undefined
}

export interface DnsHookConfig {
  /** Program and arguments; `present` or `cleanup`, the name and the value of the record follow. */
  readonly command: readonly string[]
  /** Until everybody can see a new record. */
  readonly waitMs: number
}

export interface StoreConfig {
  readonly state: string
  /** `env:NAME` or `file:PATH` of the master key; undefined: `master.key` in the state folder. */
  readonly key: string | undefined
  /** URL of the database that several gateways share, `env:NAME` or `file:PATH` of one; undefined: the state folder. */
  readonly database: string | undefined
  /** How long tokens and keys count when that database is out of reach. */
  readonly staleAfterMs: number
}

export interface AccountsConfig {
  /** The authorization server; undefined: there is none. */
  readonly oauth: OAuthConfig | undefined
  /** Others whose access tokens count. */
  readonly issuers: readonly IssuerConfig[]
}

export interface OAuthConfig {
  /** An origin: https, or http on loopback. */
  readonly issuer: string
  readonly signing: 'ES256' | 'EdDSA' | 'RS256'
  readonly rotateMs: number
  readonly tokenTtlMs: number
  /** What tokens may be for besides the issuer. */
  readonly resources: readonly string[]
  readonly signIn: SignInConfig
}

export interface SignInConfig {
  readonly title: string
  /** Absolute path of a style sheet. */
  readonly theme: string | undefined
  readonly passwordLength: number
  /** URL of a service of breached passwords. */
  readonly breachedPasswords: string | undefined
  /** Roles whose users must have a second factor. */
  readonly requireSecondFactor: 'all' | readonly string[]
  readonly providers: readonly ProviderConfig[]
}

/** Another identity provider that users may sign in with. */
export interface ProviderConfig {
  readonly id: string
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  /** `env:NAME` or `file:PATH` */
  readonly clientSecret: string
  readonly scopes: readonly string[]
  readonly createUsers: boolean
}

export interface IssuerConfig {
  readonly issuer: string
  /** URL or absolute path of the key set. */
  readonly jwks: string | undefined
  readonly introspection: IntrospectionConfig | undefined
  readonly audience: readonly string[]
  readonly algorithms: readonly JwtAlgorithm[]
  readonly refreshMs: number
}

export interface IntrospectionConfig {
  readonly endpoint: string
  readonly clientId: string
  /** `env:NAME` or `file:PATH` */
  readonly clientSecret: string
  readonly ttlMs: number
  readonly negativeTtlMs: number
}

export interface UpstreamConfig {
  /** `http://127.0.0.1:3000`, `https://api.internal`, `unix:/run/app.sock`. */
  readonly servers: readonly string[]
  /** Beside `servers`; 1 each unless given. */
  readonly weights?: readonly number[]
  readonly health: HealthConfig | undefined
  /** `http/1.1` unless given. */
  readonly protocol?: 'http/1.1' | 'h2'
  readonly balance?: BalanceConfig
  readonly ejection?: EjectionConfig
  readonly breaker?: BreakerConfig
  /** Percent of the requests that may be sent again. */
  readonly retryBudget?: number
  readonly slowStartMs?: number
  /** Connections of one worker to one server, in place of the limit of the gateway. */
  readonly connections?: number
  /** Names of servers are looked up so often, and each address is a server. */
  readonly dnsMs?: number
  /** Files for servers over https. */
  readonly tls?: UpstreamTlsFiles
  /** A Unix socket to connect to instead: services of our own. */
  readonly socketPath?: string
  /** Whether it gets a signed statement about each request. */
  readonly verdict?: true
}

export interface UpstreamTlsFiles {
  /** Who may have signed the servers' certificates, in place of the authorities that Node knows. */
  readonly ca: string | undefined
  /** What we show them. */
  readonly client: { readonly cert: string; readonly key: string } | undefined
}

/** How load is shared. */
export type BalanceConfig =
  | { readonly method: 'leastRequests' | 'roundRobin' }
  | { readonly method: 'hash'; readonly by: HashKey }

export type HashKey =
  | { readonly kind: 'client' | 'path' | 'host' }
  | { readonly kind: 'header' | 'cookie'; readonly name: string }

/** When a server that fails is taken out. */
export interface EjectionConfig {
  /** Failures in a row. */
  readonly failures: number
  /** After the first; doubled with each that follows at once. */
  readonly pauseMs: number
  /** Percent of the servers that may be out at the same time. */
  readonly share: number
}

/** When nothing is sent to an upstream any more. */
export interface BreakerConfig {
  /** Percent of the requests that must fail. */
  readonly share: number
  /** Requests of a window before the share says anything. */
  readonly requests: number
  readonly windowMs: number
  /** How long nothing is sent. */
  readonly openMs: number
}

export interface HealthConfig {
  readonly path: string
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Failures in a row that take a server out, successes that bring it back. */
  readonly unhealthyAfter: number
  readonly healthyAfter: number
}

export interface RouteConfig {
  readonly name: string
  readonly match: RouteMatch
  /** Name of an upstream. */
  readonly to: string
  readonly mode: Mode
  /** OpenAPI document of what is behind it. */
  readonly openapi?: string
  /** For each guard of the chain, defaults and this route's overlay already merged. */
  readonly guards: Readonly<Record<string, GuardConfig>>
  readonly body: BodyPolicy
  readonly paths: PathForm
  /** Whether messages of WebSockets are looked at, or their bytes passed on; `inspect` unless given. */
  readonly websocket?: 'inspect' | 'pass'
  readonly headers?: HeadersConfig
  /** Client certificates that the route demands. */
  readonly clientCert?: RouteCertificateConfig
  readonly maintenance?: MaintenanceConfig
  /** Files of error pages by `403`, `4xx`. */
  readonly pages?: Readonly<Record<string, string>>
  readonly limits: Limits
}

export interface RouteMatch {
  /** `api.example.com`, `*.example.com`; every host when undefined. */
  readonly host: string | undefined
  /** `/v1/*` is a prefix, `/v1/users` is exact; every path when undefined. */
  readonly path: string | undefined
  readonly methods: readonly string[] | undefined
  /** Lower-case names; `*` is any value. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface GuardConfig {
  /** Already the lowest of gateway, route and guard: off < monitor < protect. */
  readonly mode: Mode
  /** As the guard's own schema gave it. */
  readonly options: unknown
}

export interface EventsConfig {
  /** One JSON line an event on stdout. */
  readonly stdout: boolean
  readonly file: string | undefined
  readonly retentionMs: number
}
