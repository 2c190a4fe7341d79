// Every seeded hole of the demo shop. demo/README.md tells them in words.

import { accessHoles } from './access.ts'
import { fileHoles } from './files.ts'
import type { Hole } from './hole.ts'
import { injectionHoles } from './injection.ts'
import { markupHoles } from './markup.ts'
import { objectHoles } from './objects.ts'

export const holes: readonly Hole[] = [...injectionHoles, ...markupHoles, ...fileHoles, ...objectHoles, ...accessHoles]
