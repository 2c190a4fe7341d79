// noMatch and unconditionalMatch.

import { check } from './argument.ts'

export const noMatch = check('noMatch', 'Never matches.', () => false)

export const unconditionalMatch = check('unconditionalMatch', 'Always matches.', () => true)
