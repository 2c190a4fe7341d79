// The yardstick: the least that a reverse proxy in Node can do. node:http in, undici dispatch out, no inspection.
// Arguments: port to listen on, port of the back end.

import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(`http://127.0.0.1:${process.argv[3]}`, { connections: 128 })

createServer((req, res) => {
  pool.dispatch(
    {
      path: req.url ?? '/',
      method: req.method as 'GET',
      headers: req.rawHeaders,
      body: req.method === 'GET' ? null : req,
    },
    {
      onRequestStart() {},
      onResponseStart(_controller, status, headers) {
        res.writeHead(status, headers as Record<string, string>)
      },
      onResponseData(_controller, chunk) {
        res.write(chunk)
      },
      onResponseEnd() {
        res.end()
      },
      onResponseError() {
        res.destroy()
      },
    },
  )
}).listen(Number(process.argv[2]), '127.0.0.1')
