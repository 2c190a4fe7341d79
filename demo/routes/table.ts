// Every route of the shop. openapi.yaml says the same, and a test compares the two.

import type { ShopRoute } from '../route.ts'
import { catalogRoutes } from './catalog.ts'
import { documentRoutes } from './documents.ts'
import { frontRoutes } from './front.ts'
import { graphqlRoutes } from './graphql.ts'
import { networkRoutes } from './network.ts'
import { orderRoutes } from './orders.ts'
import { peopleRoutes } from './people.ts'

export const shopRoutes: readonly ShopRoute[] = [
  ...frontRoutes,
  ...catalogRoutes,
  ...peopleRoutes,
  ...orderRoutes,
  ...documentRoutes,
  ...networkRoutes,
  ...graphqlRoutes,
]
