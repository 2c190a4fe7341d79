// A URL in the config, with what is wrong with it in words.

import { z } from 'zod'

export function urlField(check: (text: string) => string | undefined) {
  return z
    .string()
    .max(2048)
    .superRefine((text, context) => {
      const problem = check(text)
      if (problem) context.addIssue({ code: 'custom', message: problem, input: text })
    })
}
