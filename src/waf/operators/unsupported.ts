// Operators of ModSecurity that this engine does not have, and why. Naming one is an error at load, never a rule that
// silently does nothing.

import type { OperatorDefinition } from './types.ts'

const reasons: readonly (readonly [name: string, reason: string])[] = [
  ['fuzzyHash', 'similarity hashes of uploads are not computed; use a malware scanner behind the upload'],
  ['gsbLookup', 'the Google Safe Browsing list format it reads is discontinued'],
  ['inspectFile', 'it runs a program on request data'],
  ['ipMatchFromDataset', 'lists stand in files; use @ipMatchFromFile'],
  ['pmFromDataset', 'lists stand in files; use @pmFromFile'],
  ['rbl', 'it asks DNS for every request; use an address list'],
  ['restpath', 'paths with parameters are what an OpenAPI contract is for'],
  ['rsub', 'it rewrites bodies in the middle of inspection; use a response header or body policy'],
  ['validateDTD', 'document types are refused, not followed; use an OpenAPI contract'],
  ['validateHash', 'link hashing is not done; use signed URLs'],
  ['validateNid', 'it knows two countries; use @verifySSN, @verifyCPF, @verifySVNR or @rx'],
  ['validateSchema', 'XML schemas are not read; use an OpenAPI contract'],
]

export const unsupported: readonly OperatorDefinition[] = reasons.map(([name, reason]) => ({
  name,
  summary: `Not supported: ${reason}.`,
  compile: () => ({ ok: false, unsupported: true, message: `@${name} is not supported: ${reason}` }),
}))
