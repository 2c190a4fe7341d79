// A back end in a process of its own, so that what it does for attackers does not slow the clients that are measured.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const large = Buffer.alloc(2 * 1024 * 1024, 'x')
const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  res.on('error', () => {})
  if (req.url === '/large') res.setHeader('content-type', 'application/octet-stream')
  res.end(req.url === '/large' ? large : '<p>hello</p>')
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
