// Reads the public SecLang language vectors, which are not part of this repository: an archive in the folder that
// MERLON_SHARED names (by default ../shared beside the repository). For tests only.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type ByteString, utf8ToBytes } from '../../lib/bytes.ts'

export interface Vector {
  readonly name: string
  readonly input: ByteString
  readonly param: ByteString
  readonly output: ByteString
  readonly ret: number
  readonly groups: readonly ByteString[] | undefined
}

const root = new URL('../../../', import.meta.url).pathname
export const sharedFolder = process.env['MERLON_SHARED'] ?? join(root, '../shared')

/** Name and text of the vectors in a folder of the archive; undefined when the archive is not there. */
export function readVectors(folder: 'operators' | 'transformations'): Map<string, Vector[]> | undefined {
  const entries = readArchive(join(sharedFolder, 'crs/secrules-language-tests.tar.gz'))
  if (!entries) return undefined
  const files = new Map<string, Vector[]>()
  for (const [path, bytes] of entries) {
    const match = new RegExp(`(?:^|/)${folder}/([^/]+)\\.json$`).exec(path)
    if (match?.[1]) files.set(match[1], parseVectors(bytes.toString('utf8')))
  }
  return files
}

export function readArchive(path: string): Map<string, Buffer> | undefined {
  if (!existsSync(path)) return undefined
  const tar = gunzipSync(readFileSync(path))
  const entries = new Map<string, Buffer>()
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '')
    if (name === '') break
    const prefix = tar.toString('utf8', at + 345, at + 500).replace(/\0.*$/s, '')
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0
    const path = prefix ? `${prefix}/${name}` : name
    if (tar[at + 156] !== 0x35) entries.set(path.replace(/^\.\//, ''), tar.subarray(at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return entries
}

function parseVectors(text: string): Vector[] {
  const rows = JSON.parse(text) as { [key: string]: unknown }[]
  return rows.map(row => ({
    name: String(row['name']),
    input: unescapeBytes(String(row['input'] ?? '')),
    param: utf8ToBytes(String(row['param'] ?? '')),
    output: unescapeBytes(String(row['output'] ?? '')),
    ret: Number(row['ret']),
    groups: (row['re_groups'] as string[] | undefined)?.map(utf8ToBytes),
  }))
}

/** The vectors write a byte as \xHH or \u00HH in the text of the JSON string; the rest is UTF-8. */
function unescapeBytes(text: string): ByteString {
  return utf8ToBytes(text)
    .replace(/\\x([0-9a-zA-Z]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16) || lenient(hex)))
    .replace(/\\u([0-9a-zA-Z]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16) & 0xff))
}

/** `\xga` is read as the byte before it was by the vectors' own reader; any fixed byte will do. */
function lenient(hex: string): number {
  return /^[0-9a-fA-F]/.test(hex) ? 0 : 0x0a
}
