// Rich text, such as Markdown: what stands in a block of code or between backticks is shown as it is, so it neither runs
// nor reaches a database as more than text. It is blanked before the rest is judged; places stay what they are.

import type { ByteString } from '../../lib/bytes.ts'
import { detectSql } from './sql.ts'
import type { Detection } from './types.ts'

/** Blocks looked for in one value. */
const maxBlocks = 2000
/** A value of so many lines is a text and lands in no statement by way of a quote that it happens to have. */
const shortLines = 3

/** The value with blanks for closed blocks: ``` … ```, ~~~ … ~~~, `…` in a line. A block that nothing closes stays. */
export function withoutCode(value: ByteString): ByteString {
  if (!value.includes('`') && !value.includes('~~~')) return value
  let out = ''
  let from = 0
  let blocks = 0
  for (let at = next(value, 0); at >= 0 && blocks < maxBlocks; at = next(value, from), blocks++) {
    const fence = fenceAt(value, at)
    const close = fence.length >= 3 ? value.indexOf(`\n${fence}`, at + fence.length) : inlineEnd(value, at, fence)
    if (close < 0) {
      out += value.slice(from, at + fence.length)
      from = at + fence.length
      continue
    }
    const end = close + fence.length + (fence.length >= 3 ? 1 : 0)
    out += value.slice(from, at) + ' '.repeat(end - at)
    from = end
  }
  return out + value.slice(from)
}

function next(value: ByteString, from: number): number {
  const tick = value.indexOf('`', from)
  const tilde = value.indexOf('~~~', from)
  return tick < 0 ? tilde : tilde < 0 ? tick : Math.min(tick, tilde)
}

function fenceAt(value: ByteString, at: number): ByteString {
  const mark = value.charAt(at)
  let end = at
  while (value.charAt(end) === mark && end - at < 8) end++
  return value.slice(at, end)
}

/** Inline code ends in its own line. */
function inlineEnd(value: ByteString, at: number, fence: ByteString): number {
  const close = value.indexOf(fence, at + fence.length)
  const line = value.indexOf('\n', at)
  return close >= 0 && (line < 0 || close < line) ? close : -1
}

/** Short values are judged as everywhere; of texts, nothing but a statement stacked behind a quote counts. */
export function detectSqlInText(value: ByteString): Detection | undefined {
  const text = withoutCode(value)
  const found = detectSql(text)
  if (!found) return undefined
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0 && lines < shortLines; at = text.indexOf('\n', at + 1)) lines++
  if (lines < shortLines) return found
  const quoted = text.indexOf("';")
  return quoted >= 0 && found.start >= quoted - 1 ? found : undefined
}
