// Merges settings as careless JavaScript does: every key of the client's JSON is followed, `__proto__` and
// `constructor.prototype` too. The objects stand on a prototype made for one request, so the pollution is real and
// visible, and gone with the answer.

export interface MergeResult {
  readonly merged: object
  /** What an empty object made by the same code would now seem to have. */
  readonly inherited: Readonly<Record<string, unknown>>
}

const maxDepth = 32

export function mergeSettings(settings: Readonly<Record<string, unknown>>, change: unknown): MergeResult {
  const root: Record<string, unknown> = Object.create(null)
  const maker = Object.assign(Object.create(null), { prototype: root })
  Object.defineProperty(root, '__proto__', { get: () => root, set: () => {} })
  Object.defineProperty(root, 'constructor', { value: maker, writable: true })
  const merged: Record<string, unknown> = Object.create(root)
  merge(merged, settings, root, 0)
  merge(merged, change, root, 0)
  const fresh: Record<string, unknown> = Object.create(root)
  const inherited: Record<string, unknown> = {}
  for (const key in fresh) inherited[key] = fresh[key]
  return { merged, inherited }
}

function merge(target: Record<string, unknown>, source: unknown, root: object, depth: number): void {
  if (depth > maxDepth || !isObject(source)) return
  for (const key of Object.keys(source)) {
    const value = source[key]
    const old = target[key]
    if (!isObject(value)) target[key] = value
    else if (isObject(old)) merge(old, value, root, depth + 1)
    else {
      const made: Record<string, unknown> = Object.create(root)
      merge(made, value, root, depth + 1)
      target[key] = made
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
