// Go template calls in a test's data, as far as tests use them: {{ "a" | repeat 34 }}, {{ repeat 34 "a" }}. Data that
// only looks like a template (an SSTI payload) stays as it is. Growth is bounded.

const maxExpanded = 4 * 1024 * 1024

export function expandTemplate(text: string): string {
  if (!text.includes('{{')) return text
  let budget = maxExpanded
  return text.replace(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (whole, action: string) => {
    const value = evaluate(action)
    if (value === undefined || value.text.length * value.times > budget) return whole
    budget -= value.text.length * value.times
    return value.text.repeat(value.times)
  })
}

const piped = /^("(?:[^"\\]|\\.)*"|`[^`]*`)\s*\|\s*repeat\s+(\d{1,7})$/s
const called = /^repeat\s+(\d{1,7})\s+("(?:[^"\\]|\\.)*"|`[^`]*`)$/s
const plain = /^("(?:[^"\\]|\\.)*"|`[^`]*`)$/s

function evaluate(action: string): { text: string; times: number } | undefined {
  const pipe = piped.exec(action)
  const call = pipe ? undefined : called.exec(action)
  const bare = pipe || call ? undefined : plain.exec(action)
  const quoted = pipe?.[1] ?? call?.[2] ?? bare?.[1]
  const text = quoted === undefined ? undefined : unquote(quoted)
  return text === undefined ? undefined : { text, times: Number(pipe?.[2] ?? call?.[1] ?? 1) }
}

/** Go's interpreted and raw strings; of the escapes, those that JSON shares with Go, and \x. */
function unquote(quoted: string): string | undefined {
  if (quoted.startsWith('`')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted.replace(/\\x([0-9a-fA-F]{2})/g, '\\u00$1').replaceAll('\n', '\\n')) as string
  } catch {
    return undefined
  }
}
