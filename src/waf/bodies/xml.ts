// XML bodies: text and attribute values, well-formed or not at all. Entities are never resolved beyond the five of the
// specification, nothing is fetched, and reading stops at the bounds.

import { SaxesParser } from 'saxes'
import { type ByteString, bytesToBuffer, utf8ToBytes } from '../../lib/bytes.ts'
import type { BodyError, BodyLimits, ParsedXml } from './types.ts'

/** Ends the reading from within a handler of the parser, which has no other way. Never leaves this file. */
class Stop extends Error {}

/** `isCut`: only the start of a document. What breaks off at its end is given as text. */
export function parseXml(body: ByteString, limits: BodyLimits, isCut = false): ParsedXml {
  const text: ByteString[] = []
  const attributes: ByteString[] = []
  let doctype = ''
  let error: BodyError | undefined
  let depth = 0
  let nodes = 0

  let readTo = 0

  const decoded = decodeXml(body, isCut)
  const parser = new SaxesParser({ xmlns: false, position: false })
  const stop = (message: string, isLimit = false): never => {
    error ??= { message: `XML: ${clip(message)}`, offset: Math.min(parser.position, body.length), isLimit }
    throw new Stop()
  }
  const count = (): void => {
    readTo = parser.position
    if (++nodes > limits.xmlNodes) stop(`more than ${limits.xmlNodes} nodes`, true)
  }
  const addText = (value: string): void => {
    if (isBlank(value)) return
    count()
    text.push(utf8ToBytes(value))
  }
  parser.on('error', failure => stop(failure.message))
  parser.on('doctype', value => {
    doctype = utf8ToBytes(value)
  })
  parser.on('opentag', tag => {
    count()
    if (!tag.isSelfClosing && ++depth > limits.xmlDepth) stop(`nested deeper than ${limits.xmlDepth}`, true)
    for (const value of Object.values(tag.attributes)) {
      count()
      attributes.push(utf8ToBytes(String(value)))
    }
  })
  parser.on('closetag', tag => {
    readTo = parser.position
    if (!tag.isSelfClosing) depth--
  })
  parser.on('text', addText)
  parser.on('cdata', addText)

  try {
    if (decoded === undefined) stop('the encoding is not known or its bytes are broken')
    else if (!isCut) parser.write(decoded).close()
    else {
      parser.write(decoded)
      addText(decoded.slice(readTo))
    }
  } catch (failure) {
    if (!(failure instanceof Stop)) error ??= { message: 'XML: cannot be read', offset: 0 }
  }
  // A document type that is broken or never ends is one all the same.
  const hasDoctype = doctype !== '' || (decoded?.includes('<!DOCTYPE') ?? false)
  return { text, attributes, doctype, hasDoctype, error }
}

/** By the byte order mark, else by the XML declaration, else UTF-8 (XML 1.0, appendix F). */
function decodeXml(body: ByteString, isCut: boolean): string | undefined {
  const label = encodingOf(body)
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytesToBuffer(body), { stream: isCut })
  } catch {
    return undefined
  }
}

function encodingOf(body: ByteString): string {
  if (body.startsWith('\xff\xfe') || body.startsWith('<\0')) return 'utf-16le'
  if (body.startsWith('\xfe\xff') || body.startsWith('\0<')) return 'utf-16be'
  if (!body.startsWith('<?xml')) return 'utf-8'
  const declaration = body.slice(0, Math.min(Math.max(body.indexOf('?>'), 0), 256))
  const at = declaration.indexOf('encoding')
  if (at < 0) return 'utf-8'
  let start = at + 8
  while (start < at + 24 && declaration.charAt(start) !== '"' && declaration.charAt(start) !== "'") start++
  const quote = declaration.charAt(start)
  if (quote !== '"' && quote !== "'") return 'utf-8'
  start++
  const end = declaration.indexOf(quote, start)
  const label = end < 0 ? '' : declaration.slice(start, end).toLowerCase()
  return label.startsWith('utf-16') ? 'utf-8' : label // a declaration in single bytes can't be UTF-16
}

function isBlank(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x20) return false
  return true
}

function clip(message: string): string {
  return utf8ToBytes(message).slice(0, 100)
}
