// Holes that no look at one request's content can tell from normal use: who may do what, what the contract allows, what
// an answer gives away. Other guards than the WAF stop them.

import { get, type Hole, send } from './hole.ts'

export const accessHoles: readonly Hole[] = [
  {
    name: 'BOLA: Alice reads the account of the admin',
    kind: 'bola',
    stoppedBy: 'authz',
    openInDemo: 'the shop has sessions of its own, and the gateway does not know whose they are',
    login: true,
    attack: get('/users/1'),
    proves: /portcullis-77/,
    benign: get('/users/2'),
  },
  {
    name: 'BOLA: Alice reads an order of Bob',
    kind: 'bola',
    stoppedBy: 'authz',
    openInDemo: 'the shop has sessions of its own, and the gateway does not know whose they are',
    login: true,
    attack: get('/orders/4'),
    proves: /4 Mill Street/,
    benign: get('/orders/2'),
  },
  {
    name: 'BFLA: numbers for the staff, and cards, for anybody',
    kind: 'bfla',
    stoppedBy: 'authz',
    attack: get('/admin/stats'),
    proves: /"revenue":\d+.*4000 0566 5566 5556/,
    benign: get('/healthz'),
  },
  {
    name: 'mass assignment: a profile with a role',
    kind: 'mass-assignment',
    stoppedBy: 'schema',
    login: true,
    attack: send('PATCH', '/profile', { name: 'Alice', role: 'admin' }),
    proves: /"profile":\{.*"role":"admin"/,
    benign: send('PATCH', '/profile', { name: 'Alice' }),
  },
  {
    name: 'a negative quantity: the shop pays',
    kind: 'business-logic',
    stoppedBy: 'schema',
    login: true,
    attack: send('POST', '/orders', { product: 7, quantity: -3, address: '12 Rabbit Lane, Oxford' }),
    proves: /"total":-65700/,
    benign: send('POST', '/orders', { product: 7, quantity: 1, address: '12 Rabbit Lane, Oxford' }),
  },
  {
    name: 'open redirect to another site',
    kind: 'open-redirect',
    stoppedBy: 'schema',
    attack: get('/redirect?to=https%3A%2F%2Fevil.example%2Flogin'),
    proves: /^location: https:\/\/evil\.example\/login/m,
    benign: get('/redirect?to=%2Fproducts%2F1%2Fpage'),
  },
  {
    name: 'an error that shows the database',
    kind: 'leak',
    stoppedBy: 'leak',
    attack: get('/products/boots'),
    proves: /no such column: boots/,
    benign: get('/products/1'),
  },
]
