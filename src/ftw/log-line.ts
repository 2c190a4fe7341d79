// A match as a line of ModSecurity's error log: patterns of tests rely on its fields and their order.

export interface LoggedMatch {
  readonly id: string
  readonly message: string
  readonly data: string
  readonly severity: string
  readonly tags: readonly string[]
}

export function logLine({ id, message, data, severity, tags }: LoggedMatch): string {
  const fields = [
    ['id', id],
    ['msg', message],
    ['data', data],
    ['severity', severity],
    ...tags.map(tag => ['tag', tag]),
  ]
  const text = fields
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `[${name} "${printable(value ?? '')}"]`)
  return `Matched. ${text.join(' ')}`
}

function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f"]/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
