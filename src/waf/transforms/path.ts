// normalisePath and normalisePathWin: removes `//`, `/./` and `x/../`. A relative path keeps the `..` that lead above
// its start; an absolute one can't go above the root.

import type { ByteString } from '../../lib/bytes.ts'
import type { Transformation } from './types.ts'

export const normalisePath: Transformation = {
  name: 'normalisePath',
  summary: 'Removes empty, self and back references from a path. Also spelt normalizePath.',
  apply: normalise,
}

export const normalisePathWin: Transformation = {
  name: 'normalisePathWin',
  summary: 'As normalisePath, after turning \\ into /. Also spelt normalizePathWin.',
  apply: value => normalise(value.includes('\\') ? value.replaceAll('\\', '/') : value),
}

function normalise(value: ByteString): ByteString {
  if (!isAbnormal(value)) return value
  const absolute = value.charCodeAt(0) === 0x2f
  const segments: ByteString[] = []
  let kept = 0 // leading `..` of a relative path, which nothing removes
  let start = 0
  while (start <= value.length) {
    let end = value.indexOf('/', start)
    if (end < 0) end = value.length
    const segment = value.slice(start, end)
    start = end + 1
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.length > kept) segments.pop()
    else if (!absolute) kept = segments.push(segment)
  }
  const path = segments.join('/')
  const tail = path !== '' && value.charCodeAt(value.length - 1) === 0x2f ? '/' : ''
  return (absolute ? '/' : '') + path + tail
}

/** Whether a segment is empty, `.` or `..`. A slash at either end alone is normal. */
function isAbnormal(value: ByteString): boolean {
  if (value === '.' || value === '..') return true
  if (value.includes('//') || value.includes('/.')) return true
  return value.startsWith('./') || value.startsWith('../')
}
