// Sources of the corpora whose licence does not allow that their rows are worked into a file of this repository. They
// serve for measuring only.

import type { Sample } from './values.ts'

/** GPL-3.0; none stated (four); FSL; various, some of them copyleft. */
export const unlicensed: readonly string[] = [
  'blazehttp',
  'cent-nuclei-templates',
  'torpeda',
  'pagerduty-api-schema',
  'plaid-openapi',
  'saleor-storefront',
  'debian-fortunes',
]

export function isLicensed({ source }: Sample): boolean {
  return !unlicensed.includes(source)
}
