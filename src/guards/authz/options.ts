// Options of the guard `authz`.

import { z } from 'zod'

const pattern = z.string().min(1).max(4096)

export const authzOptions = z
  .strictObject({
    policies: z
      .union([pattern.transform(text => [text]), z.array(pattern).min(1, 'needs at least one file').max(64)])
      .meta({
        description: 'Files of Cedar policies, seen from the folder of this file: ./policies/*.cedar; one or a list.',
      }),
  })
  .meta({
    description: 'What who calls may do. Runs only where it is configured, and permits only what a policy permits.',
  })
