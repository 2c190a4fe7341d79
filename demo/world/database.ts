// The shop's data: SQLite in memory, the same rows at every start. Passwords stand in clear and queries are glued
// together from user input by the routes: both are holes, see README.md.

import { DatabaseSync } from 'node:sqlite'

export type Row = Readonly<Record<string, unknown>>

const products: readonly (readonly [string, string, string, number, number])[] = [
  ['Trail boots', 'shoes', 'Leather boots for wet paths, resoled for free', 14900, 12],
  ['Wool socks', 'clothes', 'Two pairs, merino, knitted in Porto', 1900, 140],
  ['Rain jacket', 'clothes', 'Three layers, taped seams, weighs 310 g', 18900, 7],
  ['Gate lantern', 'light', 'Oil lantern in brass, burns ten hours', 5900, 31],
  ['Head torch', 'light', '400 lumen, red light, charges by USB-C', 3900, 58],
  ['Iron key ring', 'tools', 'Forged by hand, holds twelve keys', 1200, 90],
  ['Bivouac tent', 'camp', 'For one person, stands in two minutes', 21900, 5],
  ['Sleeping mat', 'camp', 'Inflatable, R-value 4.2', 9900, 22],
  ['Camp stove', 'camp', 'Boils a litre in four minutes', 6900, 17],
  ['Steel mug', 'camp', 'Double wall, 350 ml', 1600, 200],
  ['Field notebook', 'paper', 'Waterproof paper, 96 pages, dotted', 900, 310],
  ['Map case', 'paper', 'A4, welded, with a compass loop', 1400, 64],
]

const users: readonly (readonly [string, string, string, string, string])[] = [
  ['Ada Keeper', 'ada@postern.example', 'portcullis-77', 'admin', '4000 0027 6000 3184'],
  ['Alice Moreau', 'alice@mail.example', 'wonderland', 'customer', '4000 0566 5566 5556'],
  ['Bob Tanaka', 'bob@mail.example', 'builder-9', 'customer', '5200 8282 8282 8210'],
  ['Chloé Nguyen', 'chloe@mail.example', 'croissant', 'customer', '3782 822463 10005'],
]

const orders: readonly (readonly [number, number, number, string])[] = [
  [1, 7, 1, 'Gatehouse 1, Castle Road'],
  [2, 1, 1, '12 Rabbit Lane, Oxford'],
  [2, 2, 3, '12 Rabbit Lane, Oxford'],
  [3, 5, 2, '4 Mill Street, Kyoto'],
  [4, 11, 5, '9 rue des Lilas, Lyon'],
]

const reviews: readonly (readonly [number, string, number, string])[] = [
  [1, 'Alice', 5, 'Dry feet after three days of rain. They run half a size large.'],
  [1, 'Bob', 4, 'Heavy but good. The laces broke & were replaced for free.'],
  [5, 'Chloé', 5, 'Bright enough for a night run.'],
]

const coupons: readonly (readonly [string, number])[] = [
  ['WELCOME10', 10],
  ['KEEP-7C41', 50],
]

const schema = `
  CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category TEXT, description TEXT, price INTEGER, stock INTEGER);
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, password TEXT, role TEXT, card TEXT);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER, product INTEGER, quantity INTEGER, address TEXT, total INTEGER);
  CREATE TABLE reviews (id INTEGER PRIMARY KEY, product INTEGER, author TEXT, stars INTEGER, text TEXT);
  CREATE TABLE coupons (code TEXT PRIMARY KEY, percent INTEGER);
  CREATE TABLE sessions (token TEXT PRIMARY KEY, user INTEGER);
`

const maxRows = 1_000
const maxStored = 5_000
/** Rows up to this one came with the shop. */
const maxSeeded = 20
// Of sqlite3.h: not needed by the shop, and the ones with which an injected query could hang or leave this process.
const sqlite = { ok: 0, deny: 1, attach: 24, detach: 25, function: 31, recursive: 33, pragma: 19 }
const deniedFunctions = new Set(['load_extension', 'randomblob', 'zeroblob', 'fts3_tokenizer'])

export class Database {
  readonly #db = new DatabaseSync(':memory:')

  constructor() {
    this.#db.exec(schema)
    for (const row of products)
      this.change('INSERT INTO products (name, category, description, price, stock) VALUES (?, ?, ?, ?, ?)', ...row)
    for (const row of users)
      this.change('INSERT INTO users (name, email, password, role, card) VALUES (?, ?, ?, ?, ?)', ...row)
    for (const [user, product, quantity, address] of orders) this.addOrder(user, product, quantity, address)
    for (const row of reviews)
      this.change('INSERT INTO reviews (product, author, stars, text) VALUES (?, ?, ?, ?)', ...row)
    for (const row of coupons) this.change('INSERT INTO coupons (code, percent) VALUES (?, ?)', ...row)
    this.#db.setAuthorizer?.((action, _first, second) => {
      if (action === sqlite.function) return deniedFunctions.has(String(second)) ? sqlite.deny : sqlite.ok
      const denied = [sqlite.attach, sqlite.detach, sqlite.recursive, sqlite.pragma].includes(action)
      return denied ? sqlite.deny : sqlite.ok
    })
  }

  /** Runs one statement and gives its rows. @throws SQLite's own message */
  query(sql: string, ...values: (string | number)[]): Row[] {
    const rows: Row[] = []
    for (const row of this.#db.prepare(sql).iterate(...values)) {
      rows.push({ ...row })
      if (rows.length >= maxRows) break
    }
    return rows
  }

  /** Runs one writing statement; gives the id of the new row. */
  change(sql: string, ...values: (string | number)[]): number {
    return Number(this.#db.prepare(sql).run(...values).lastInsertRowid)
  }

  /** Lets the oldest rows that visitors added go, so that a long visit or a bench never fills the memory. */
  makeRoom(table: 'orders' | 'reviews' | 'sessions'): void {
    if (Number(this.query(`SELECT count(*) AS rows FROM ${table}`)[0]?.['rows']) < maxStored) return
    const oldest = `SELECT rowid FROM ${table} WHERE rowid > ${maxSeeded} ORDER BY rowid LIMIT ${maxStored / 5}`
    this.change(`DELETE FROM ${table} WHERE rowid IN (${oldest})`)
  }

  addOrder(user: number, product: number, quantity: number, address: string): number {
    const sql = `INSERT INTO orders (user, product, quantity, address, total)
      VALUES (?, ?, ?, ?, ? * (SELECT price FROM products WHERE id = ?))`
    return this.change(sql, user, product, quantity, address, quantity, product)
  }

  close(): void {
    this.#db.close()
  }
}
