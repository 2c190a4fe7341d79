import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BodyClass, classifyBody } from './body.ts'
import { HeaderList } from './headers.ts'

const types: [type: string | undefined, want: BodyClass][] = [
  [undefined, 'text'],
  ['', 'text'],
  ['application/json; charset=utf-8', 'text'],
  ['made/up', 'text'],
  ['Multipart/Form-Data; boundary=x', 'multipart'],
  ['image/png', 'binary'],
  ['IMAGE/PNG ;x', 'binary'],
  ['image/svg+xml', 'text'],
  // Servers that read JSON by its suffix would read more of it than is inspected of an image.
  ['model/gltf+json', 'text'],
  ['application/octet-stream', 'binary'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'binary'],
  ['application/vnd.oasis.x+xml', 'text'],
]
for (const [type, want] of types) {
  test(`class of ${type}`, () => {
    assert.equal(classifyBody(new HeaderList(type === undefined ? [] : ['Content-Type', type])), want)
  })
}
