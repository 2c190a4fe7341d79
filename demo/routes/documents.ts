// Files and imports. Holes: path traversal (read and write), unrestricted upload up to a web shell, XML external
// entities, unsafe deserialization, server-side template injection.

import {
  badRequest,
  decode,
  json,
  notFound,
  readJson,
  readObject,
  type ShopAnswer,
  type ShopRequest,
  type ShopRoute,
} from '../route.ts'
import { readCookie } from '../session.ts'
import { publicFolder, uploadFolder } from '../world/file-tree.ts'
import { readMultipart } from '../world/multipart.ts'
import { evaluateScript, fromJson, toJson } from '../world/script.ts'
import { renderTemplate } from '../world/template.ts'
import type { World } from '../world/world.ts'
import { readXml } from '../world/xml.ts'

const maxDocumentBytes = 65_536
const functionMark = '_$$ND_FUNC$$_'

export const documentRoutes: readonly ShopRoute[] = [
  { method: 'GET', path: '/files', handle: readFile },
  { method: 'POST', path: '/upload', handle: upload },
  { method: 'GET', path: '/uploads/{name}', handle: showUpload },
  { method: 'POST', path: '/import', handle: importXml },
  { method: 'POST', path: '/render', handle: render },
  { method: 'GET', path: '/session', handle: restoreFromCookie },
  { method: 'POST', path: '/session', handle: restoreFromBody },
]

/** Reads wherever `..` leads; decodes once more than needed and stops at a null byte, as old code does. */
function readFile({ query }: ShopRequest, { files }: World): ShopAnswer {
  const name = decode(query.get('name') ?? '').split('\0')[0] ?? ''
  const bytes = files.read(files.resolve(publicFolder, name))
  if (!bytes) return notFound()
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: bytes }
}

/** Keeps any file of any type under the name that the client gives. */
function upload(request: ShopRequest, { files }: World) {
  const type = request.headers['content-type'] ?? ''
  if (!/^multipart\/form-data\b/i.test(type)) return json(415, { error: 'send multipart/form-data' })
  const stored: { path: string; bytes: number; url: string }[] = []
  for (const { fileName, bytes } of readMultipart(request.body, type)) {
    if (fileName === undefined) continue
    const path = files.resolve(uploadFolder, fileName)
    if (!files.write(path, bytes)) return json(413, { error: 'the file is too large or the disk is full' })
    stored.push({ path, bytes: bytes.length, url: `/uploads/${encodeURIComponent(fileName)}` })
  }
  return stored.length === 0 ? badRequest('no file in the form') : json(201, { stored })
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  txt: 'text/plain; charset=utf-8',
}

/** Serves uploads with the type that their name asks for, and runs the ones that a web server would run. */
function showUpload({ params, query }: ShopRequest, { files, shell }: World): ShopAnswer {
  const path = files.resolve(uploadFolder, params['name'] ?? '')
  const bytes = files.read(path)
  if (!bytes) return notFound()
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  const source = Buffer.from(bytes).toString('utf8')
  const parameter = /(?:system|passthru|shell_exec)\s*\(\s*\$_(?:GET|REQUEST)\s*\[\s*['"]?(\w+)/.exec(source)?.[1]
  if (/^(?:php\d?|phtml)$/.test(extension) && parameter !== undefined)
    return { status: 200, headers: { 'content-type': 'text/html' }, body: shell.run(query.get(parameter) ?? '') }
  return { status: 200, headers: { 'content-type': types[extension] ?? 'application/octet-stream' }, body: bytes }
}

async function importXml(request: ShopRequest, world: World) {
  if (request.body.length > maxDocumentBytes) return json(413, { error: 'the document is too large' })
  const read = async (systemId: string) => (await world.internet.fetch(systemId)).text
  try {
    const elements = await readXml(new TextDecoder().decode(request.body), read)
    return json(200, { imported: elements.length, items: elements.map(({ name, text }) => ({ name, text })) })
  } catch (error) {
    return badRequest(error instanceof Error ? error.message : 'not XML')
  }
}

function render(request: ShopRequest, world: World) {
  const mail = readObject(request)
  const template = mail?.['template']
  if (typeof template !== 'string' || template.length > maxDocumentBytes) return badRequest('a mail has a template')
  const globals = new Map(world.globals).set('name', String(mail?.['name'] ?? 'customer'))
  return json(200, { text: renderTemplate(template, globals) })
}

function restoreFromBody(request: ShopRequest, world: World) {
  return restore(readJson(request), world)
}

function restoreFromCookie(request: ShopRequest, world: World) {
  const cookie = readCookie(request, 'cart')
  if (cookie === undefined) return json(200, { restored: {} })
  try {
    return restore(JSON.parse(Buffer.from(decode(cookie), 'base64').toString('utf8')), world)
  } catch {
    return badRequest('the cart cookie is broken')
  }
}

/** Brings a stored cart back to life, functions included; one that ends in `()` runs at once. */
function restore(data: unknown, world: World) {
  if (typeof data !== 'object' || data === null) return badRequest('send the cart as a JSON object')
  try {
    const revive = (_key: string, value: unknown) =>
      typeof value === 'string' && value.startsWith(functionMark)
        ? toJson(evaluateScript(value.slice(functionMark.length), world.globals))
        : value
    return json(200, { restored: toJson(fromJson(JSON.parse(JSON.stringify(data), revive))) })
  } catch (error) {
    return badRequest(error instanceof Error ? error.message : 'broken cart')
  }
}
