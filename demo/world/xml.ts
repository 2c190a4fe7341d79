// The shop's XML reader. It believes the document type: external entities are fetched (XXE, also as SSRF), internal ones
// expand into each other (billion laughs, up to a bound). It reads what the import needs: elements, attributes and text.

const maxExpansion = 262_144
const maxEntities = 100

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

export type ReadEntity = (systemId: string) => Promise<string>

const predefined: readonly (readonly [string, string])[] = [
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]

/** The elements that hold only text, in order. @throws Error when the document is not well-formed enough to read. */
export async function readXml(source: string, readEntity: ReadEntity): Promise<XmlElement[]> {
  const entities = new Map<string, string>(predefined)
  const declaration =
    /<!ENTITY\s+(%\s+)?([\w.-]+)\s+(?:(?:SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+)?(?:"([^"]*)"|'([^']*)')/g
  for (const match of source.matchAll(declaration)) {
    if (entities.size >= maxEntities) throw new Error('too many entities')
    const [whole, , name = '', double, single] = match
    const value = double ?? single ?? ''
    const external = /\s(?:SYSTEM|PUBLIC)\s/.test(whole)
    entities.set(name, external ? await readEntity(value) : value)
  }
  const body = source.replace(/<\?[\s\S]*?\?>|<!--[\s\S]*?-->/g, '').replace(/<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>/, '')
  if (!/^\s*<[\w:.-]+[\s\S]*>\s*$/.test(body)) throw new Error('not an XML document')
  const elements: XmlElement[] = []
  const leaf =
    /<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*>((?:[^<]|<!\[CDATA\[[\s\S]*?\]\]>)*)<\/\1\s*>/g
  for (const [, name = '', attributes = '', text = ''] of body.matchAll(leaf)) {
    elements.push({ name, attributes: readAttributes(attributes, entities), text: readText(text, entities) })
  }
  return elements
}

function readAttributes(source: string, entities: ReadonlyMap<string, string>): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [, name = '', double, single] of source.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    attributes[name] = expand(double ?? single ?? '', entities, { left: maxExpansion }, 0)
  }
  return attributes
}

function readText(source: string, entities: ReadonlyMap<string, string>): string {
  const budget = { left: maxExpansion }
  const parts = source.split(/<!\[CDATA\[([\s\S]*?)\]\]>/)
  return parts.map((part, index) => (index % 2 === 1 ? part : expand(part, entities, budget, 0))).join('')
}

function expand(text: string, entities: ReadonlyMap<string, string>, budget: { left: number }, depth: number): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|[\w.-]+);/g, (whole, name: string) => {
    if (name.startsWith('#')) return codePoint(name)
    const value = entities.get(name)
    if (value === undefined || depth > 20 || name === 'amp') return name === 'amp' ? '&' : whole
    budget.left -= value.length
    if (budget.left < 0) throw new Error('entity expansion is too large')
    return expand(value, entities, budget, depth + 1)
  })
}

function codePoint(name: string): string {
  const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}
