// Products, their reviews and the search page. Holes: SQL injection, stored and reflected cross-site scripting.

import { badRequest, escapeHtml, html, json, notFound, readObject, type ShopRequest, type ShopRoute } from '../route.ts'
import type { Row } from '../world/database.ts'
import type { World } from '../world/world.ts'

const columns = 'id, name, category, description, price, stock'
const maxReviewLength = 4_000

export const catalogRoutes: readonly ShopRoute[] = [
  { method: 'GET', path: '/products', handle: listProducts },
  { method: 'GET', path: '/products/{id}', handle: showProduct },
  { method: 'GET', path: '/products/{id}/page', handle: showPage },
  { method: 'GET', path: '/products/{id}/reviews', handle: listReviews },
  { method: 'POST', path: '/products/{id}/reviews', handle: addReview },
  { method: 'GET', path: '/search', handle: searchPage },
]

/** The search of the shop, glued into the statement: SQL injection (also from GraphQL). */
export function searchProducts(world: World, words: string, category?: string): Row[] {
  const narrowed = category === undefined ? '' : ` AND category = '${category}'`
  const sql = `SELECT ${columns} FROM products WHERE name || ' ' || description LIKE '%${words}%'${narrowed}`
  return world.database.query(sql)
}

function listProducts({ query }: ShopRequest, world: World) {
  return json(200, { products: searchProducts(world, query.get('q') ?? '', query.get('category') ?? undefined) })
}

function findProduct({ params }: ShopRequest, world: World): Row | undefined {
  return world.database.query(`SELECT ${columns} FROM products WHERE id = ${params['id']}`)[0]
}

function showProduct(request: ShopRequest, world: World) {
  const product = findProduct(request, world)
  return product ? json(200, product) : notFound()
}

function reviewsOf({ params }: ShopRequest, world: World): Row[] {
  const id = Number(params['id'])
  return world.database.query(
    'SELECT id, author, stars, text FROM reviews WHERE product = ? ORDER BY id LIMIT 100',
    id || 0,
  )
}

function listReviews(request: ShopRequest, world: World) {
  return json(200, { reviews: reviewsOf(request, world) })
}

function addReview(request: ShopRequest, world: World) {
  const review = readObject(request)
  if (!review || typeof review['text'] !== 'string' || review['text'].length > maxReviewLength)
    return badRequest('a review has a text')
  const product = Number(request.params['id']) || 0
  if (!world.database.query('SELECT 1 FROM products WHERE id = ?', product)[0]) return notFound()
  world.database.makeRoom('reviews')
  const author = String(review['author'] ?? 'Guest').slice(0, 200)
  const stars = Math.min(5, Math.max(1, Math.round(Number(review['stars'] ?? 5)) || 5))
  const sql = 'INSERT INTO reviews (product, author, stars, text) VALUES (?, ?, ?, ?)'
  const id = world.database.change(sql, product, author, stars, review['text'])
  return json(201, { id, author, stars, text: review['text'] }, { location: `/products/${product}/reviews` })
}

/** Shows reviews as they were written, markup and all: stored cross-site scripting. */
function showPage(request: ShopRequest, world: World) {
  const product = findProduct(request, world)
  if (!product) return html(404, 'Not found', '<p>There is no such product.</p>')
  const reviews = reviewsOf(request, world)
    .map(({ author, stars, text }) => `<article><b>${author}</b>, ${stars} of 5<p>${text}</p></article>`)
    .join('\n')
  const price = (Number(product['price']) / 100).toFixed(2)
  const about = `<p>${escapeHtml(product['description'])}</p><p>€ ${price}, ${escapeHtml(product['stock'])} in stock</p>`
  return html(200, escapeHtml(product['name']), `${about}<h2>Reviews</h2>${reviews}`)
}

/** Repeats the words as they came: reflected cross-site scripting. */
function searchPage({ query }: ShopRequest, world: World) {
  const words = query.get('q') ?? ''
  const sql = `SELECT ${columns} FROM products WHERE instr(lower(name || ' ' || description), lower(?)) > 0`
  const items = world.database
    .query(sql, words)
    .map(({ id, name }) => `<li><a href="/products/${id}/page">${name}</a></li>`)
  const form = `<form><input name="q" value="${words}"><button>Search</button></form>`
  return html(200, 'Search', `${form}<p>${items.length} results for ${words}</p><ul>${items.join('')}</ul>`)
}
