// The network that the shop believes to see. Names and addresses lead to small servers that this file starts on
// loopback: a cloud metadata service, a supplier's price feed, an internal status page, a naming service for look-ups.
// Requests are made over real sockets, but to nothing else: every other address has no route.

import { createServer, get, type Server } from 'node:http'
import type { FileTree } from './file-tree.ts'

export interface Fetched {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

const maxBytes = 65_536
const timeoutMs = 2_000

const pages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  metadata: {
    '/latest/meta-data/': 'ami-id\nhostname\niam/\nlocal-ipv4\n',
    '/latest/meta-data/iam/security-credentials/': 'postern-shop-role\n',
    '/latest/meta-data/iam/security-credentials/postern-shop-role':
      '{"AccessKeyId":"AKIADEMOPOSTERN00001","SecretAccessKey":"demo/secret/of/the/metadata/service","Token":"demo"}',
    '/computeMetadata/v1/instance/service-accounts/default/token': '{"access_token":"demo-metadata-token"}',
  },
  internal: {
    '/': 'internal status page: queue 3, workers 2, adminToken postern-demo-admin-token\n',
    '/server-status': 'internal status page: queue 3, workers 2, adminToken postern-demo-admin-token\n',
  },
  supplier: {
    '/prices.json':
      '{"supplier":"Northern Leather","prices":[{"sku":"boots","cents":9900},{"sku":"socks","cents":800}]}',
    '/feed.xml': '<prices><price sku="boots">9900</price></prices>',
  },
  naming: {},
}

/** Host and port, as a URL's `host` gives it without the default port, to the server that answers there. */
const routes: Readonly<Record<string, string>> = {
  '169.254.169.254': 'metadata',
  'metadata.google.internal': 'metadata',
  '[::ffff:a9fe:a9fe]': 'metadata',
  '127.0.0.1': 'internal',
  localhost: 'internal',
  '[::1]': 'internal',
  '0.0.0.0': 'internal',
  '10.0.0.5': 'internal',
  'status.internal': 'internal',
  'feeds.supplier.example': 'supplier',
  'cdn.supplier.example': 'supplier',
}

export class Internet {
  readonly #servers = new Map<string, Server>()
  readonly #files: FileTree
  readonly #callbacks: string[] = []

  private constructor(files: FileTree) {
    this.#files = files
  }

  static async open(files: FileTree): Promise<Internet> {
    const internet = new Internet(files)
    for (const [name, paths] of Object.entries(pages)) internet.#servers.set(name, await serve(name, paths))
    return internet
  }

  /** Fetches a URL as the shop's server would. @throws Error with a message fit for the response */
  async fetch(address: string): Promise<Fetched> {
    const url = URL.canParse(address) ? new URL(address) : undefined
    if (!url) throw new Error('not a URL')
    if (url.protocol === 'file:') {
      const text = this.#files.readText(decodeURIComponent(url.pathname))
      if (text === undefined) throw new Error('no such file')
      return { status: 200, contentType: 'text/plain', text }
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`protocol ${url.protocol} not supported`)
    const name = Object.hasOwn(routes, url.host) ? routes[url.host] : undefined
    if (name === undefined) throw new Error(`no route to host ${url.host}`)
    return this.#request(name, url.pathname + url.search)
  }

  /** Asks the naming service for an object, as a JNDI look-up does: whoever runs it learns of the caller. */
  async lookUp(name: string): Promise<string> {
    if (this.#callbacks.length < 1_000) this.#callbacks.push(name)
    return (await this.#request('naming', `/${encodeURIComponent(name)}`)).text
  }

  /** What the naming service was asked, in order. */
  get callbacks(): readonly string[] {
    return this.#callbacks
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    }
  }

  async #request(name: string, path: string): Promise<Fetched> {
    const address = this.#servers.get(name)?.address()
    if (typeof address !== 'object' || address === null) throw new Error('the network is closed')
    const { port } = address
    return new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path, timeout: timeoutMs, agent: false }, response => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text = (text + chunk).slice(0, maxBytes)
        })
        response.on('error', reject)
        response.on('end', () => {
          const contentType = response.headers['content-type'] ?? 'text/plain'
          resolve({ status: response.statusCode ?? 0, contentType, text })
        })
      })
      request.on('timeout', () => request.destroy(new Error('timed out')))
      request.on('error', reject)
    })
  }
}

async function serve(name: string, paths: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const known = Object.hasOwn(paths, path) ? paths[path] : undefined
    const text = name === 'naming' ? `javaClassName: demo.Payload from ${decodeURIComponent(path.slice(1))}` : known
    response.writeHead(text === undefined ? 404 : 200, {
      'content-type': text?.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
    })
    response.end(text ?? 'not found\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.unref()
  return server
}
