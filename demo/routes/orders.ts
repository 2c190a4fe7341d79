// Orders and coupons. Holes: BOLA (any order of anybody), and quantities that nobody checks, so that an order can be
// negative and pay money out.

import { badRequest, json, notFound, readObject, type ShopRequest, type ShopRoute } from '../route.ts'
import { currentUser, loginFirst } from '../session.ts'
import type { World } from '../world/world.ts'

const maxAddressLength = 500

export const orderRoutes: readonly ShopRoute[] = [
  { method: 'GET', path: '/orders', handle: listOrders },
  { method: 'POST', path: '/orders', handle: placeOrder },
  { method: 'GET', path: '/orders/{id}', handle: showOrder },
  { method: 'GET', path: '/coupons/{code}', handle: checkCoupon },
]

function listOrders(request: ShopRequest, world: World) {
  const user = currentUser(request, world)
  if (!user) return loginFirst()
  return json(200, { orders: world.database.query('SELECT * FROM orders WHERE user = ?', Number(user['id'])) })
}

function placeOrder(request: ShopRequest, world: World) {
  const user = currentUser(request, world)
  if (!user) return loginFirst()
  const order = readObject(request)
  const product = Number(order?.['product'])
  const quantity = Number(order?.['quantity'])
  const address = order?.['address']
  if (!Number.isInteger(product) || !Number.isInteger(quantity) || typeof address !== 'string')
    return badRequest('an order has product, quantity and address')
  if (address.length > maxAddressLength) return badRequest('the address is too long')
  if (!world.database.query('SELECT 1 FROM products WHERE id = ?', product)[0]) return notFound()
  world.database.makeRoom('orders')
  const id = world.database.addOrder(Number(user['id']), product, quantity, address)
  return json(201, world.database.query('SELECT * FROM orders WHERE id = ?', id)[0], { location: `/orders/${id}` })
}

/** Any logged-in person sees any order. */
function showOrder(request: ShopRequest, world: World) {
  if (!currentUser(request, world)) return loginFirst()
  const order = world.database.query('SELECT * FROM orders WHERE id = ?', Number(request.params['id']) || 0)[0]
  return order ? json(200, order) : notFound()
}

function checkCoupon({ params }: ShopRequest, world: World) {
  const coupon = world.database.query('SELECT code, percent FROM coupons WHERE code = ?', params['code'] ?? '')[0]
  return coupon ? json(200, coupon) : notFound()
}
