// md5 and sha1: the raw digest bytes, usually followed by hexEncode.

import { createHash } from 'node:crypto'
import type { ByteString } from '../../lib/bytes.ts'
import { RecentTexts } from '../../lib/recent-texts.ts'
import type { Transformation } from './types.ts'

// Rule sets take the digest of User-Agent to name a client, and few of those are new.
const knownMd5 = new RecentTexts<ByteString>()
const knownSha1 = new RecentTexts<ByteString>()

export const md5: Transformation = {
  name: 'md5',
  summary: 'Replaces the value by its MD5 digest, 16 raw bytes.',
  apply: value => digest('md5', knownMd5, value),
}

export const sha1: Transformation = {
  name: 'sha1',
  summary: 'Replaces the value by its SHA-1 digest, 20 raw bytes.',
  apply: value => digest('sha1', knownSha1, value),
}

function digest(algorithm: string, known: RecentTexts<ByteString>, value: ByteString): ByteString {
  const found = known.get(value)
  if (found !== undefined) return found
  const made = createHash(algorithm).update(value, 'latin1').digest('binary')
  known.set(value, made)
  return made
}
