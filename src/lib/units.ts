// Durations and sizes as people write them in merlon.yaml: `15m`, `500ms`, `1MiB`, `2GB`.

const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const sizeUnits: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

/** `1m30s` → 90000. Returns undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)]
  if (parts.length === 0 || parts.map(part => part[0]).join('') !== text) return undefined
  return Math.round(parts.reduce((sum, [, n, unit]) => sum + Number(n) * (durationUnits[unit ?? ''] ?? 0), 0))
}

/** `1.5MiB` → 1572864. A bare number is bytes. Returns undefined when the text is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(B|[kKMG]B|[KMG]iB)?$/.exec(text)
  if (!match) return undefined
  return Math.round(Number(match[1]) * (sizeUnits[match[2] ?? 'B'] ?? 1))
}

export function formatSize(bytes: number): string {
  if (bytes >= 1024 ** 3) return `${round(bytes / 1024 ** 3)} GiB`
  if (bytes >= 1024 ** 2) return `${round(bytes / 1024 ** 2)} MiB`
  if (bytes >= 1024) return `${round(bytes / 1024)} KiB`
  return `${bytes} B`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
