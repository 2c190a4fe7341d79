// The back end of the load benchmarks: answers every request with the same small JSON. Port by argument.

import { createServer } from 'node:http'

const body = JSON.stringify({
  products: Array.from({ length: 8 }, (_, i) => ({ id: i, name: `Socks ${i}`, price: 4.5 })),
})

createServer((req, res) => {
  req.resume()
  req.on('end', () =>
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body),
  )
}).listen(Number(process.argv[2]), '127.0.0.1')
