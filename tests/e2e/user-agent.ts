// For tests: a browser without a window. It keeps cookies by path, follows redirects on the gateway, and fills in forms;
// a redirect elsewhere is where it ends.

import assert from 'node:assert/strict'

export interface Seen {
  readonly status: number
  readonly url: string
  readonly text: string
  readonly headers: Headers
}

export class UserAgent {
  readonly #origin: string
  readonly #also: readonly string[]
  readonly #via: string
  readonly setCookies: string[] = []
  readonly #cookies = new Map<string, { readonly value: string; readonly path: string }>()
  page: Seen = { status: 0, url: '', text: '', headers: new Headers() }

  /**
   * @param also Other origins whose pages it opens.
   * @param via Where the origin is really reached, as behind a balancer that takes TLS off.
   */
  constructor(origin: string, also: readonly string[] = [], via = origin) {
    this.#origin = origin
    this.#also = also
    this.#via = via
  }

  get cookies(): readonly string[] {
    return [...this.#cookies.keys()].map(key => key.split(' ', 1)[0] ?? '')
  }

  cookie(name: string): string | undefined {
    return [...this.#cookies].find(([key]) => key.startsWith(`${name} `))?.[1].value
  }

  setCookie(name: string, value: string, path = '/oauth'): void {
    this.#cookies.set(`${name} ${path}`, { value, path })
  }

  async open(url: string, init: RequestInit = {}): Promise<Seen> {
    let next = new URL(url, this.#origin)
    let request = init
    for (let hops = 0; hops < 12; hops++) {
      if (next.origin !== this.#origin && !this.#also.includes(next.origin)) {
        this.page = { status: 0, url: next.href, text: '', headers: new Headers() }
        return this.page
      }
      const target = next.origin === this.#origin ? new URL(next.pathname + next.search, this.#via) : next
      const response = await fetch(target, {
        redirect: 'manual',
        ...request,
        headers: { accept: 'text/html', cookie: this.#cookieHeader(next.pathname), ...request.headers },
      })
      const text = await response.text()
      this.#take(response.headers)
      this.page = { status: response.status, url: next.href, text, headers: response.headers }
      const location = response.headers.get('location')
      if (location === null) return this.page
      next = new URL(location, next)
      request = {}
    }
    throw new Error(`too many redirects at ${next}`)
  }

  /** Fills in the form of the page whose action ends so. */
  submit(end: string, fields: Readonly<Record<string, string>> = {}, headers: Record<string, string> = {}) {
    const form = this.form(end)
    return this.open(form.action, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.#origin, ...headers },
      body: new URLSearchParams({ ...form.hidden, ...fields }).toString(),
    })
  }

  form(end: string): { readonly action: string; readonly hidden: Readonly<Record<string, string>> } {
    for (const [, attributes = '', body = ''] of this.page.text.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
      const action = decode(/action="([^"]*)"/.exec(attributes)?.[1] ?? '')
      if (!action.endsWith(end)) continue
      const inputs = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
      const hidden = Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, decode(value)]))
      return { action, hidden }
    }
    assert.fail(`there is no form ${end} in: ${this.page.status} ${this.page.url} ${this.page.text.slice(0, 2000)}`)
  }

  #cookieHeader(path: string): string {
    const fits = [...this.#cookies].filter(
      ([, it]) => path === it.path || path.startsWith(it.path.replace(/\/?$/, '/')),
    )
    return fits.map(([key, { value }]) => `${key.split(' ', 1)[0]}=${value}`).join('; ')
  }

  #take(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      this.setCookies.push(line)
      const [pair = '', ...attributes] = line.split(/; ?/)
      const at = pair.indexOf('=')
      const find = (name: string) =>
        attributes.find(it => it.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
      assert.ok(/httponly/i.test(line) && /samesite=lax/i.test(line), line)
      const path = find('path') ?? '/'
      const key = `${pair.slice(0, at)} ${path}`
      if (Date.parse(find('expires') ?? '') < Date.now()) this.#cookies.delete(key)
      else this.#cookies.set(key, { value: pair.slice(at + 1), path })
    }
  }
}

function decode(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '')
}
