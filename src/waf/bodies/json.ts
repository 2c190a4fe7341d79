// JSON bodies as arguments, named as ModSecurity 3 names them: `json.user.name`, `json.items.array_0`,
// `json.items.array_1.id`, `json.array_0` for an array body, `json` for a scalar body, `empty-key` for "".
// Unlike there, an empty object or array yields its name with an empty value, so that no key goes unseen.

import type { ByteString } from '../../lib/bytes.ts'
import { type JsonName, jsonRoot } from './json-names.ts'
import { type JsonNode, readJson } from './json-reader.ts'
import type { BodyLimits, FlatArguments, ParsedJson } from './types.ts'

/** `source`: the bytes of the body, when they are at hand. */
export function parseJson(body: ByteString, limits: BodyLimits, source?: Buffer): ParsedJson {
  const document = readJson(body, limits, source)
  return {
    arguments: document.root ? flattenJson(document.root) : [],
    error: document.error,
    duplicateKey: document.duplicateKey,
  }
}

/** The arguments of a tree that was read before. */
function flattenJson(root: JsonNode): FlatArguments {
  const list: FlatArguments = []
  flatten(root, jsonRoot(), list)
  return list
}

// A long key over many children would be copied into each of their names, which is quadratic: it is given once, and
// its children carry the start of it.
const longName = 512
const keptName = 256

// The depth of the recursion is the depth of the document, which the reader has bounded.
function flatten(node: JsonNode, path: JsonName, into: FlatArguments): void {
  if (node.kind !== 'array' && node.kind !== 'object') {
    into.push(path.text, node.value)
    return
  }
  const isLong = path.text.length > longName
  const length = node.kind === 'array' ? node.values.length : node.names.length
  if (isLong || (length === 0 && path.text !== 'json')) into.push(path.text, '')
  const parent = isLong ? path.shortened(keptName) : path
  for (let i = 0; i < length; i++) {
    const value = node.values[i]
    const child = node.kind === 'array' ? parent.item(i) : parent.member(node.names[i] ?? '')
    if (value) flatten(value, child, into)
    else into.push(child.text, '') // an error came before the value
  }
}
