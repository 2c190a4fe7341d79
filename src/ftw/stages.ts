// What one stage of a test hands to the next: the place that a redirect names, and cookies.

import type { ByteString } from '../lib/bytes.ts'
import type { FtwInput, Observation } from './types.ts'

/** The input as it is to be sent. Cookies of the last answer are added to the jar if its stage asked for that. */
export function prepareInput(input: FtwInput, last: Observation | undefined, jar: Map<string, string>): FtwInput {
  let prepared = input
  if (input.followRedirect && last?.location !== undefined) prepared = redirected(input, last.location)
  if (!input.saveCookie) return prepared
  for (const cookie of last?.cookies ?? []) {
    const pair = cookie.split(';', 1)[0] ?? ''
    const equals = pair.indexOf('=')
    if (equals > 0 && jar.size < 50) jar.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim())
  }
  if (jar.size === 0 || prepared.headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'cookie'))
    return prepared
  const value = [...jar].map(([name, text]) => `${name}=${text}`).join('; ')
  return { ...prepared, headers: [...prepared.headers, 'Cookie', value] }
}

function redirected(input: FtwInput, location: ByteString): FtwInput {
  const base = `${input.protocol}://${input.destination}:${input.port}${input.uri.startsWith('/') ? input.uri : '/'}`
  const url = URL.parse(location, base)
  if (url === null) return input
  const protocol = url.protocol === 'https:' ? 'https' : 'http'
  return {
    ...input,
    protocol,
    destination: url.hostname,
    port: Number(url.port) || (protocol === 'https' ? 443 : 80),
    uri: url.pathname + url.search,
  }
}
