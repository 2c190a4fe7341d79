// Reads the two fields of HTTP Message Signatures (RFC 9421 §4): which parts of the request are signed, with what
// parameters, and the signature. Structured fields (RFC 8941) written as the RFC serializes them, one signature, and
// no more of the grammar than a request needs: what could be read in two ways is none.

export interface SignatureInput {
  readonly components: readonly string[]
  readonly created: number
  readonly expires: number | undefined
  readonly nonce: string | undefined
  readonly alg: string | undefined
  readonly keyid: string
  /** As it stands in the field: the last line of what is signed. */
  readonly params: string
  readonly signature: Uint8Array
}

/** Longer fields are not read. */
export const fieldLengthMax = 2048
export const componentsMax = 32

const derived = new Set(['@method', '@authority', '@scheme', '@target-uri', '@request-target', '@path', '@query'])
const integers = new Set(['created', 'expires'])
const strings = new Set(['nonce', 'alg', 'keyid', 'tag'])

/** Undefined when it is anything but one signature that is written plainly. */
export function readSignature(input: string, signature: string): SignatureInput | undefined {
  if (input.length > fieldLengthMax || signature.length > fieldLengthMax) return undefined
  const label = labelOf(input)
  if (label === undefined || !signature.startsWith(`${label}=:`) || !signature.endsWith(':')) return undefined
  const encoded = signature.slice(label.length + 2, -1)
  const bytes = Buffer.from(encoded, 'base64')
  if (encoded === '' || bytes.toString('base64') !== encoded) return undefined
  const params = input.slice(label.length + 1)
  const close = params.indexOf(')')
  const components = close < 0 ? undefined : readComponents(params.slice(0, close + 1))
  const read = components && readParams(params.slice(close + 1))
  if (!read) return undefined
  const { created, expires, nonce, alg, keyid } = read
  if (typeof created !== 'number' || typeof keyid !== 'string') return undefined
  return {
    components,
    created,
    expires: typeof expires === 'number' ? expires : undefined,
    nonce: typeof nonce === 'string' ? nonce : undefined,
    alg: typeof alg === 'string' ? alg : undefined,
    keyid,
    params,
    signature: bytes,
  }
}

function labelOf(input: string): string | undefined {
  const equals = input.indexOf('=')
  const label = input.slice(0, Math.max(0, equals))
  return /^[a-z*][a-z0-9_.*-]{0,63}$/.test(label) ? label : undefined
}

/** `("@method" "content-digest")`; parameters of components are none of ours. */
function readComponents(text: string): string[] | undefined {
  if (text === '()' || !text.startsWith('(')) return undefined
  const components: string[] = []
  for (const item of text.slice(1, -1).split(' ')) {
    const name = item.slice(1, -1)
    if (item !== `"${name}"` || components.includes(name) || components.length >= componentsMax) return undefined
    if (!derived.has(name) && !/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) return undefined
    components.push(name)
  }
  return components
}

/** `;created=1;keyid="a"`: each once, none that we don't know. */
function readParams(text: string): Readonly<Record<string, string | number>> | undefined {
  const params: Record<string, string | number> = {}
  let at = 0
  while (at < text.length) {
    const equals = text.indexOf('=', at)
    if (text.charAt(at) !== ';' || equals < 0) return undefined
    const name = text.slice(at + 1, equals)
    if (Object.hasOwn(params, name)) return undefined
    if (integers.has(name)) {
      let end = equals + 1
      while (end < text.length && text.charAt(end) >= '0' && text.charAt(end) <= '9') end++
      const digits = text.slice(equals + 1, end)
      if (digits.length === 0 || digits.length > 15 || String(Number(digits)) !== digits) return undefined
      params[name] = Number(digits)
      at = end
    } else if (strings.has(name)) {
      const end = text.indexOf('"', equals + 2)
      const value = text.slice(equals + 2, end)
      // No escapes: no key id and no nonce of ours needs one.
      if (text.charAt(equals + 1) !== '"' || end < 0 || !/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(value))
        return undefined
      params[name] = value
      at = end + 1
    } else return undefined
  }
  return params
}
