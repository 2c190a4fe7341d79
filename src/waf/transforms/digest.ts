// md5 and sha1: the raw digest bytes, usually followed by hexEncode.

import { createHash } from 'node:crypto'
import type { ByteString } from '../../lib/bytes.ts'
import type { Transformation } from './types.ts'

export const md5: Transformation = {
  name: 'md5',
  summary: 'Replaces the value by its MD5 digest, 16 raw bytes.',
  apply: value => digest('md5', value),
}

export const sha1: Transformation = {
  name: 'sha1',
  summary: 'Replaces the value by its SHA-1 digest, 20 raw bytes.',
  apply: value => digest('sha1', value),
}

function digest(algorithm: string, value: ByteString): ByteString {
  return createHash(algorithm).update(value, 'latin1').digest('binary')
}
