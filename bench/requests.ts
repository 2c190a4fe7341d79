// The requests that every benchmark sends: G1 a GET with 8 headers, 3 cookies and 3 arguments, P1 a JSON POST of 0.8 kB
// and 17 values, P10 one of 8.3 kB and 161 values, A1 an attack.
// `variant` makes requests that differ in their bytes, so that no cache of values flatters a number.

export interface BenchRequest {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly target: string
  readonly headers: readonly string[]
  readonly body: string
}

const browser = [
  'Host',
  'shop.example.com',
  'User-Agent',
  'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36',
  'Accept',
  'application/json, text/plain, */*',
  'Accept-Language',
  'en-GB,en;q=0.9,de;q=0.7',
  'Accept-Encoding',
  'gzip, deflate, br',
  'Connection',
  'keep-alive',
  'Referer',
  'https://shop.example.com/products/42',
]

export function benchRequests(variant: number): BenchRequest[] {
  const cookie = `session=${id(variant, 32)}; theme=dark; _ga=GA1.1.${variant}.17${variant}`
  return [
    get('G1', `/products?q=red+shoes+${variant}&page=${variant % 50}&sort=price_asc`, cookie),
    post('P1', JSON.stringify(order(variant, 3)), cookie),
    post('P10', JSON.stringify(order(variant, 51)), cookie),
    get('A1', `/products?q=${variant}%27%20UNION%20SELECT%20username%2Cpassword%20FROM%20users--`, cookie),
  ]
}

/** A text as a server has it from the wire: new, and in one piece (V8 would put pieces together in the measured time). */
function received(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function get(name: string, target: string, cookie: string): BenchRequest {
  const headers = [...browser, 'Cookie', cookie].map(received)
  return { name, method: 'GET', target: received(target), headers, body: '' }
}

function post(name: string, body: string, cookie: string): BenchRequest {
  const headers = [
    ...browser,
    'Cookie',
    cookie,
    'Content-Type',
    'application/json',
    'Content-Length',
    String(body.length),
  ]
  return { name, method: 'POST', target: received('/orders'), headers: headers.map(received), body }
}

const wishes = [
  'Wrap this one as a gift with a red ribbon, please',
  "If it's sold out, send the dark green ones instead",
  'No plastic around it; paper or nothing at all is fine',
  'Mrs. Clark & sons want these before Friday, 5 pm',
]

function order(variant: number, items: number): unknown {
  return {
    customer: { name: `Kim Lee ${variant}`, email: `kim${variant}@example.com`, phone: '+44 20 7946 0018' },
    shipping: { street: `${variant % 900} High Street`, city: 'Leeds', postcode: 'LS1 4AP', country: 'GB' },
    note: 'Please ring the bell twice, and leave it with the neighbours if nobody is in. The bell of the side door is the louder one.',
    items: Array.from({ length: items }, (_, i) => ({
      title: `Wool socks, size ${36 + (i % 9)}, pair no. ${variant * items + i}`,
      quantity: 1 + (i % 3),
      wish: `${wishes[(variant + i) % wishes.length]} (line ${i + 1} of basket ${variant}, by parcel)`,
    })),
  }
}

/** Deterministic letters and digits. */
function id(seed: number, length: number): string {
  let state = seed * 2654435761 + 1
  let text = ''
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += (state % 36).toString(36)
  }
  return text
}
