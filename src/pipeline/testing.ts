// For tests alone: a route that goes nowhere.

import { defaultBodyPolicy } from './body.ts'
import { defaultLimits } from './limits.ts'
import type { Route } from './route.ts'

export function testRoute(): Route {
  return {
    name: 'test',
    mode: 'protect',
    phases: { onHeaders: [], onBody: [], onResponseHeaders: [], onResponseBody: [] },
    done: [],
    destination: { name: 'nowhere', send: async () => {}, upgrade: async () => false },
    limits: defaultLimits,
    body: defaultBodyPolicy,
  }
}
