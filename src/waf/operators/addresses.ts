// ipMatch, ipMatchFromFile, ipMatchF and geoLookup.

import { type ByteString, bufferToBytes } from '../../lib/bytes.ts'
import { type IpBytes, type Network, parseIp, parseNetwork } from '../../lib/ip.ts'
import { fileNames, ok, span } from './argument.ts'
import type { CompileContext, CompileOperatorResult, OperatorArgument, OperatorDefinition } from './types.ts'

export const ipMatch: OperatorDefinition = {
  name: 'ipMatch',
  summary: 'The value is an address of one of the networks, which commas separate.',
  compile: argument => networks(argument.text.split(','), text => argument.text.indexOf(text)),
}

export const ipMatchFromFile: OperatorDefinition = {
  name: 'ipMatchFromFile',
  summary: 'The value is an address of one of the networks that the files list, one a line.',
  compile: fromFile,
}

export const ipMatchF: OperatorDefinition = {
  name: 'ipMatchF',
  summary: 'The same as ipMatchFromFile.',
  compile: fromFile,
}

export const geoLookup: OperatorDefinition = {
  name: 'geoLookup',
  summary: 'The place of the address is known; fills GEO. Without a database it never matches.',
  compile: (_argument, { geo }) => ({
    ok: true,
    operator: {
      test(value, call) {
        const record = value.length <= 64 && parseIp(value) ? geo?.(value) : undefined
        if (!record) return false
        call.geo = record
        return true
      },
    },
    ...(!geo && { warning: 'there is no geo database, so it never matches' }),
  }),
}

function fromFile(argument: OperatorArgument, context: CompileContext): CompileOperatorResult {
  const lines: ByteString[] = []
  const names = fileNames(argument)
  if (names.length === 0) return { ok: false, message: 'expected a file name' }
  for (const name of names) {
    try {
      const text = bufferToBytes(context.files.read(context.files.resolve(context.ruleFile, name)))
      for (const line of text.split('\n')) lines.push(...(line.split('#', 1)[0] ?? '').split(','))
    } catch {
      return { ok: false, message: `can't read ${name}`, offset: argument.text.indexOf(name) }
    }
  }
  return networks(lines, () => 0)
}

function networks(texts: readonly ByteString[], offsetOf: (text: ByteString) => number): CompileOperatorResult {
  const set = new NetworkSet()
  for (const text of texts) {
    const trimmed = text.trim()
    if (trimmed === '') continue
    const network = parseNetwork(trimmed)
    if (!network)
      return { ok: false, message: `${trimmed.slice(0, 64)} is no address or network`, offset: offsetOf(text) }
    set.add(network)
  }
  return ok({
    test(value, call) {
      const ip = parseIp(value)
      if (!ip || !set.has(ip)) return false
      span(call, 0, value.length)
      return true
    },
  })
}

/** One look-up for each length of prefix that occurs, however many networks there are. */
class NetworkSet {
  readonly #byPrefix = new Map<number, Set<string>>()

  add(network: Network): void {
    const key = network.bytes.length * 256 + network.prefix
    let members = this.#byPrefix.get(key)
    if (!members) {
      members = new Set()
      this.#byPrefix.set(key, members)
    }
    members.add(masked(network.bytes, network.prefix))
  }

  has(ip: IpBytes): boolean {
    for (const [key, members] of this.#byPrefix) {
      if (key >> 8 === ip.length && members.has(masked(ip, key & 0xff))) return true
    }
    return false
  }
}

function masked(bytes: IpBytes, prefix: number): string {
  let text = ''
  for (let i = 0; i * 8 < prefix; i++) {
    const kept = Math.min(prefix - i * 8, 8)
    text += String.fromCharCode((bytes[i] ?? 0) & (0xff << (8 - kept)) & 0xff)
  }
  return text
}
