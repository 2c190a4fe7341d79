// Runs the demo shop alone, without a gateway in front: `node demo/main.ts [PORT]`. To see that the holes are real.

import { startShop } from './shop.ts'

const port = Number(process.argv[2] ?? 0)
const shop = await startShop({ port })
process.stdout.write(`${JSON.stringify({ ready: true, shop: shop.url })}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void shop.close())
