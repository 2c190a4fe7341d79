// Preloaded by tools/test.ts in CI: property tests draw the same values in every run there, so that what lands does not
// hang on a draw. Elsewhere they draw anew each time, and tests/fuzz/long.ts draws for as long as one likes.

import fc from 'fast-check'

fc.configureGlobal({ seed: 20_261_124 })
