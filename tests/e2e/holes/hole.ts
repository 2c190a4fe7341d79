// One seeded hole of the demo shop: the request that uses it, what proves that it worked, and the request that an honest
// client would send to the same place.

export interface Step {
  readonly method: string
  /** As it goes into the request line. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Hole {
  readonly name: string
  readonly kind: string
  /** The guard that stops it. One that can't judge a request by its content alone is not `waf`. */
  readonly stoppedBy: 'waf' | 'schema' | 'authz' | 'leak'
  /** Why the demo does not stop it, though that guard can. */
  readonly openInDemo?: string
  /** Alice is logged in. */
  readonly login?: boolean
  readonly attack: Step
  /** Where the effect shows, when not in the answer to the attack. */
  readonly proof?: Step
  /** Holds for status line, headers and body of the answer exactly when the hole was used. */
  readonly proves: RegExp
  readonly benign: Step
}

export function get(path: string, headers: Readonly<Record<string, string>> = {}): Step {
  return { method: 'GET', path, headers }
}

/** `GET path?name=value`, encoded. */
export function ask(path: string, name: string, value: string): Step {
  return get(`${path}?${name}=${encodeURIComponent(value)}`)
}

export function send(method: 'POST' | 'PATCH', path: string, data: unknown): Step {
  return { method, path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(data) }
}

export function post(path: string, contentType: string, body: string): Step {
  return { method: 'POST', path, headers: { 'content-type': contentType }, body }
}

export function uploadOf(fileName: string, type: string, content: string): Step {
  const boundary = '----demo7d41b838504d8'
  const disposition = `content-disposition: form-data; name="file"; filename="${fileName}"`
  const body = `--${boundary}\r\n${disposition}\r\ncontent-type: ${type}\r\n\r\n${content}\r\n--${boundary}--\r\n`
  return post('/upload', `multipart/form-data; boundary=${boundary}`, body)
}
