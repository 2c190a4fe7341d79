// The same shop as GraphQL. Holes: introspection with internal fields, no limit on depth or aliases, an argument glued
// into SQL, guesses without a limit. What one query may cost is bounded only so that the demo survives.

import { buildSchema, GraphQLError, graphql } from 'graphql'
import { badRequest, json, readObject, type ShopRequest, type ShopRoute } from '../route.ts'
import type { Row } from '../world/database.ts'
import type { World } from '../world/world.ts'
import { searchProducts } from './catalog.ts'

const schema = buildSchema(`
  type Query {
    products(search: String, category: String): [Product!]!
    product(id: Int!): Product
    user(id: Int!): User
    coupon(code: String!): Coupon
    internalDebug(token: String): String
  }
  type Product { id: Int! name: String! category: String description: String price: Int stock: Int reviews: [Review!]! }
  type Review { author: String! stars: Int! text: String! product: Product! }
  type User { id: Int! name: String! orders: [Order!]! }
  type Order { id: Int! quantity: Int! total: Int! product: Product! user: User! }
  type Coupon { code: String! percent: Int! }
`)

const maxFieldsResolved = 20_000

export const graphqlRoutes: readonly ShopRoute[] = [
  { method: 'GET', path: '/graphql', handle: queryByUrl },
  { method: 'POST', path: '/graphql', handle: queryByBody },
]

function queryByUrl({ query }: ShopRequest, world: World) {
  return execute(query.get('query'), {}, world)
}

function queryByBody(request: ShopRequest, world: World) {
  const { query, variables } = readObject(request) ?? {}
  const values = typeof variables === 'object' && variables !== null ? { ...variables } : {}
  return execute(query, values, world)
}

async function execute(source: unknown, variableValues: Readonly<Record<string, unknown>>, world: World) {
  if (typeof source !== 'string' || source === '') return badRequest('send a query')
  const result = await graphql({ schema, source, rootValue: resolvers(world), variableValues: { ...variableValues } })
  return json(result.data ? 200 : 400, result)
}

/** Plain objects with lazy fields, as graphql's default resolver takes them. */
function resolvers({ database, ...world }: World) {
  let resolved = 0
  const count = () => {
    if (++resolved > maxFieldsResolved) throw new GraphQLError('the query is too large')
  }
  const product = (row: Row) => ({
    ...row,
    reviews: () => {
      count()
      return database.query('SELECT * FROM reviews WHERE product = ?', Number(row['id'])).map(review)
    },
  })
  const review = (row: Row): Row => ({ ...row, product: () => productById(Number(row['product'])) })
  const order = (row: Row): Row => ({
    ...row,
    product: () => productById(Number(row['product'])),
    user: () => userById(Number(row['user'])),
  })
  const productById = (id: number): Row | undefined => {
    count()
    const row = database.query('SELECT * FROM products WHERE id = ?', id)[0]
    return row && product(row)
  }
  const userById = (id: number): Row | undefined => {
    count()
    const row = database.query('SELECT id, name FROM users WHERE id = ?', id)[0]
    const orders = () => {
      count()
      return database.query('SELECT * FROM orders WHERE user = ?', id).map(order)
    }
    return row && { ...row, orders }
  }
  return {
    products: ({ search, category }: { search?: string; category?: string }) =>
      searchProducts({ database, ...world }, search ?? '', category).map(product),
    product: ({ id }: { id: number }) => productById(id),
    user: ({ id }: { id: number }) => userById(id),
    coupon: ({ code }: { code: string }) => {
      count()
      return database.query('SELECT code, percent FROM coupons WHERE code = ?', code)[0]
    },
    internalDebug: () => world.files.readText('/srv/shop/config/settings.json'),
  }
}
