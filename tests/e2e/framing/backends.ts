// Four back ends with parsers of their own, each on a free port of the loopback: nginx, Apache, HAProxy, and plain Node.
// All end at one recorder, which keeps what each of them made of what it was sent. Each writes a log of its own with a
// line for every request that it believes to have had, so that one that it answers by itself counts too.

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../src/lib/free-port.test-helper.ts'

export interface Seen {
  readonly via: string
  /** `x-request-id` lines as they came. */
  readonly reference: string
  readonly method: string
  readonly target: string
  readonly body: string
  /** The path as the daemon itself reads it, decoded. */
  readonly read: string | undefined
  readonly headers: readonly string[]
}

export interface Backend {
  readonly name: string
  readonly url: string
  readonly seen: Seen[]
  /** References of what stands in its own log, in order; undefined when it keeps none. */
  logged(): readonly string[] | undefined
  close(): Promise<void>
}

export const daemons = {
  nginx: '/usr/sbin/nginx',
  apache: '/usr/sbin/apache2',
  haproxy: '/usr/sbin/haproxy',
} as const

export type DaemonName = keyof typeof daemons

/** Why a back end can't be started here, if so. */
export function missing(name: DaemonName | 'node'): string | false {
  return name === 'node' || existsSync(daemons[name]) ? false : `${daemons[name]} is not installed`
}

export async function openBackendOf(name: DaemonName | 'node'): Promise<Backend> {
  const seen: Seen[] = []
  const recorder = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 64 * 1024 }, (req, res) => {
    const chunks: Buffer[] = []
    req.on('data', chunk => chunks.push(chunk))
    req.on('end', () => {
      seen.push(record(req, Buffer.concat(chunks).toString('latin1')))
      res.setHeader('content-type', 'application/octet-stream')
      res.end('seen')
    })
    req.on('error', () => {})
  })
  await new Promise<void>(resolve => recorder.listen(0, '127.0.0.1', resolve))
  const { port } = recorder.address() as AddressInfo
  if (name === 'node') {
    return {
      name,
      url: `http://127.0.0.1:${port}`,
      seen,
      logged: () => undefined,
      close: () => closeServer(recorder),
    }
  }
  const own = await freePort()
  const dir = mkdtempSync(join(tmpdir(), `merlon-${name}-`))
  chmodSync(dir, 0o755) // Apache gives up its rights
  const daemon = await start(name, dir, own, port).catch(async error => {
    await closeServer(recorder)
    throw error
  })
  return {
    name,
    url: `http://127.0.0.1:${own}`,
    seen,
    logged: () =>
      daemon
        .log()
        .split('\n')
        .filter(Boolean)
        .map(line => /<([^>]*)>/.exec(line)?.[1] ?? line),
    close: async () => {
      await stop(daemon.child)
      await closeServer(recorder)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function record(req: IncomingMessage, body: string): Seen {
  const { method = '', url = '', rawHeaders, headers } = req
  const references = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'x-request-id')
  const read = headers['x-read']
  return {
    via: String(headers['x-via'] ?? 'node'),
    reference: references.join(' '),
    method,
    target: url,
    body,
    read: read === undefined ? undefined : String(read),
    headers: rawHeaders,
  }
}

async function start(name: DaemonName, dir: string, port: number, recorder: number) {
  let said = ''
  const file = join(dir, 'config')
  const log = join(dir, 'requests.log')
  mkdirSync(join(dir, 'tmp'))
  writeFileSync(file, configs[name](dir, port, recorder))
  writeFileSync(log, '')
  const args: readonly string[] = {
    nginx: ['-p', dir, '-c', file, '-e', 'stderr'],
    apache: ['-f', file, '-D', 'FOREGROUND'],
    haproxy: ['-f', file, '-db'],
  }[name]
  const child = spawn(daemons[name], args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    said = (said + chunk).slice(-4096)
  })
  for (let waitedMs = 0; !(await accepts(port)); waitedMs += 25) {
    if (child.exitCode !== null || waitedMs > 10_000) {
      await stop(child)
      throw new Error(`${name} did not start: ${said}`)
    }
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  // The look whether it listens is a connection without a request, which HAProxy does not log.
  return { child, log: () => (name === 'haproxy' ? out : readFileSync(log, 'utf8')) }
}

const configs: Readonly<Record<DaemonName, (dir: string, port: number, recorder: number) => string>> = {
  nginx: (dir, port, recorder) => `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${dir}/pid;
error_log stderr crit;
events { worker_connections 512; }
http {
  log_format seen escape=json '<$http_x_request_id>';
  access_log ${dir}/requests.log seen;
  client_body_temp_path ${dir}/tmp/body;
  proxy_temp_path ${dir}/tmp/proxy;
  fastcgi_temp_path ${dir}/tmp/fastcgi;
  uwsgi_temp_path ${dir}/tmp/uwsgi;
  scgi_temp_path ${dir}/tmp/scgi;
  large_client_header_buffers 4 32k;
  keepalive_requests 100000;
  upstream recorder { server 127.0.0.1:${recorder}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://recorder;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Via nginx;
      proxy_set_header X-Read $uri;
    }
  }
}
`,
  apache: (dir, port, recorder) => `
ServerRoot ${dir}
ServerName a
PidFile ${dir}/pid
Mutex file:${dir}/tmp default
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
Listen 127.0.0.1:${port}
${apacheModules.map(module => `LoadModule ${module}_module ${apacheModuleDir}/mod_${module}.so`).join('\n')}
StartServers 1
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
MaxKeepAliveRequests 0
KeepAliveTimeout 60
LimitRequestFields 200
LimitRequestLine 16000
LimitRequestFieldSize 16000
ErrorLog ${dir}/error.log
LogLevel crit
LogFormat "<%{X-Request-Id}i>" seen
CustomLog ${dir}/requests.log seen
AllowEncodedSlashes NoDecode
ProxyRequests Off
ProxyPreserveHost On
RequestHeader set X-Via apache
RequestHeader set X-Read "expr=%{REQUEST_URI}"
ProxyPass / http://127.0.0.1:${recorder}/ nocanon
`,
  haproxy: (_dir, port, recorder) => `
global
  log stdout format raw local0
  maxconn 512
  tune.http.maxhdr 200
defaults
  mode http
  log global
  log-format "<%[capture.req.hdr(0)]>"
  option dontlognull
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port}
  declare capture request len 64
  http-request capture req.hdr(x-request-id) id 0
  http-request set-header x-via haproxy
  default_backend out
backend out
  server recorder 127.0.0.1:${recorder}
`,
}

const apacheModuleDir = '/usr/lib/apache2/modules'
const apacheModules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'reqtimeout'] as const

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}
