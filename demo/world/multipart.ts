// Reads multipart/form-data. It trusts what the client says about names and types, as the upload route needs to be
// vulnerable; it is bounded in parts.

export interface Part {
  readonly name: string
  readonly fileName: string | undefined
  readonly contentType: string
  readonly bytes: Uint8Array
}

const maxParts = 20

/** @throws Error when the body has no such boundary */
export function readMultipart(body: Uint8Array, contentType: string): Part[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (!boundary) throw new Error('multipart body without a boundary')
  const whole = Buffer.from(body.buffer, body.byteOffset, body.length)
  const parts: Part[] = []
  let at = whole.indexOf(`--${boundary}`)
  while (at >= 0 && parts.length < maxParts) {
    const start = at + boundary.length + 4
    const next = whole.indexOf(`\r\n--${boundary}`, start - 2)
    const headEnd = whole.indexOf('\r\n\r\n', start)
    if (next < 0 || headEnd < 0 || headEnd > next) break
    parts.push(readPart(whole.subarray(start, headEnd).toString('utf8'), whole.subarray(headEnd + 4, next)))
    at = next + 2
  }
  return parts
}

function readPart(head: string, bytes: Uint8Array): Part {
  const parameter = (name: string) => new RegExp(`[;\\s]${name}="([^"]*)"`, 'i').exec(head)?.[1]
  return {
    name: parameter('name') ?? '',
    fileName: parameter('filename'),
    contentType: /^content-type:\s*(\S+)/im.exec(head)?.[1] ?? 'application/octet-stream',
    bytes,
  }
}
