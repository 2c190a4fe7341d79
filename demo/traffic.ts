// Ordinary traffic of the shop: what honest people and programs send, as a repeatable sequence. For tests of false
// positives, for benches, and to give the learning something to learn from.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ordinary text with a placeholder

export interface TrafficRow {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const words = [
  'wool',
  'trail boots',
  'rain jacket',
  'size 42',
  'select comfort',
  'key ring (iron)',
  'USB-C',
  'tent & mat',
  'R-value > 4',
  '50% off',
  'drop shipping',
  'union jack mug',
  'script notebook',
  'gift for him or her',
  'café',
  'größe L',
  '登山靴',
  'mug=steel',
  '2 + 1 free',
  'order by phone',
  'lantern --brass',
  '"head torch"',
  'C# workshop',
  'where to eat',
  '<3',
  'n/a',
]
const texts = [
  'Dry feet after three days. I selected them from a table of ten & would do it again!',
  'They run small: order half a size up. Size 42 = EU 43.',
  'Not worth the price (149 €)... returned it; the refund came in 2 days.',
  'Wärmt gut, trocknet schnell. Danke!',
  'とても軽くて良いです。',
  'My son\u2019s favourite. He wears it to school, to bed, everywhere ;-)',
  'Pros:\n- light\n- warm\n\nCons:\n- none so far',
  'See also https://blog.example/best-boots?year=2026&page=2 for a longer test.',
  'If it rains <10 minutes you stay dry; >1 hour you don’t.',
  'Script on the label is tiny. Alert: do not wash at 60°!',
] as const
const names = [
  'Dora',
  'José Álvarez',
  'Anne-Marie',
  'Zoë O’Neill',
  '李雷',
  'M. van der Berg',
  'Bob "Bobby" T.',
] as const
const addresses = [
  '12 Rabbit Lane, Oxford',
  'Hauptstr. 5 / 2. OG, 80331 München',
  'c/o Smith & Sons, Unit #4; Dock Rd',
  '東京都千代田区1-1',
] as const
const queries = [
  '{ product(id: 1) { name price reviews { stars text } } }',
  'query Find($words: String) { products(search: $words) { id name price } }',
  'query Mine { user(id: 2) { name orders { id total product { name } } } }',
] as const
const messages = [
  'TypeError: cart is undefined at https://shop.example/checkout.js:42:7',
  'Failed to load /img/boots.webp (404)',
  'Unhandled rejection: {"code":"ETIMEDOUT","retry":3}',
  'Price ${price} was not replaced in the template',
] as const
const agents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:141.0) Gecko/20100101 Firefox/141.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  'PosternApp/3.2 (Android 15; Pixel 8)',
] as const

type Dice = <T>(choices: readonly T[]) => T

const kinds: readonly ((pick: Dice, number: number) => Omit<TrafficRow, 'headers'>)[] = [
  pick => ({ method: 'GET', path: `/products?q=${encodeURIComponent(pick(words))}` }),
  pick => ({ method: 'GET', path: `/products?category=${pick(['shoes', 'clothes', 'light', 'camp'])}` }),
  pick => ({ method: 'GET', path: `/search?q=${new URLSearchParams({ q: pick(words) }).toString().slice(2)}` }),
  (_, number) => ({ method: 'GET', path: `/products/${(number % 12) + 1}` }),
  (_, number) => ({ method: 'GET', path: `/products/${(number % 12) + 1}/page` }),
  (_, number) => ({ method: 'GET', path: `/products/${(number % 12) + 1}/reviews` }),
  (pick, number) =>
    sendJson('POST', `/products/${(number % 12) + 1}/reviews`, {
      author: pick(names),
      stars: (number % 5) + 1,
      text: pick(texts),
    }),
  pick =>
    sendJson(
      'POST',
      '/login',
      pick([
        { email: 'bob@mail.example', password: 'builder-9' },
        { email: 'bob@mail.example', password: 'Tr0ub4dor&3!' },
      ]),
    ),
  pick => ({
    method: 'GET',
    path: `/users/find?email=${pick(['bob@mail.example', 'alice%40mail.example', 'jos%C3%A9%2Bnews@mail.example'])}`,
  }),
  () => ({ method: 'GET', path: '/users/2' }),
  () => ({ method: 'GET', path: '/orders' }),
  (pick, number) =>
    sendJson('POST', '/orders', { product: (number % 12) + 1, quantity: (number % 3) + 1, address: pick(addresses) }),
  pick =>
    sendJson('PATCH', '/profile', {
      name: pick(names),
      settings: { newsletter: false, theme: pick(['light', 'dark']) },
    }),
  pick => ({ method: 'GET', path: `/files?name=${pick(['care.txt', 'returns.txt', 'size-chart.txt'])}` }),
  pick => ({ method: 'GET', path: `/coupons/${pick(['WELCOME10', 'SUMMER-25'])}` }),
  pick => ({ method: 'GET', path: `/ldap?user=${pick(['ada', 'grace', 'jean-luc'])}` }),
  (pick, number) =>
    sendJson('POST', '/graphql', { query: pick(queries), variables: number % 2 ? { words: 'wool' } : {} }),
  pick =>
    sendJson('POST', '/render', { template: 'Dear {{name}}, thank you! Your order leaves today.', name: pick(names) }),
  pick => sendJson('POST', '/log', { message: pick(messages) }),
  (pick, number) => sendJson('POST', '/session', { items: [number % 12, 3], coupon: pick(['WELCOME10', '']) }),
  pick => ({
    method: 'GET',
    path: `/redirect?to=${encodeURIComponent(pick(['/products', '/search?q=wool&page=2', '/products/1/page#reviews']))}`,
  }),
  pick => ({
    method: 'GET',
    path: `/fetch?url=${encodeURIComponent(pick(['http://feeds.supplier.example/prices.json', 'https://cdn.supplier.example/feed.xml']))}`,
  }),
]

/** The same rows for the same seed. They belong to a client who has logged in as alice@mail.example. */
export function* shopTraffic(seed: number, rows: number): Generator<TrafficRow> {
  let state = seed >>> 0
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const pick: Dice = choices => {
    const choice = choices[next(choices.length)]
    if (choice === undefined) throw new RangeError('nothing to choose from')
    return choice
  }
  for (let i = 0; i < rows; i++) {
    const row = pick(kinds)(pick, next(1_000))
    const headers: Record<string, string> = { 'user-agent': pick(agents), 'accept-language': 'en-GB,en;q=0.8,de;q=0.5' }
    if (row.body !== undefined) headers['content-type'] = 'application/json'
    if (row.path.startsWith('/products?')) headers['referer'] = 'https://shop.example/search?q=wool%20socks&sort=price'
    yield { ...row, headers }
  }
}

function sendJson(method: 'POST' | 'PATCH', path: string, data: unknown): Omit<TrafficRow, 'headers'> {
  return { method, path, body: JSON.stringify(data) }
}
