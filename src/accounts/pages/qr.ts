// A QR code as a picture within the page (SVG): nothing is fetched for it, and no script and no style is needed. What is
// in it stands beside it as text.

import { encodeQR } from 'qr'
import { type Html, html } from './html.ts'

/** Modules of white around it, which readers need (ISO/IEC 18004 §7.3.7). */
const quietZone = 4

export function qrPicture(text: string, label: string): Html {
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: quietZone })
  const size = rows.length
  return html`<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges">
<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${rows.map(pathOf).join('')}"/>
</svg>`
}

/** Neighbours in a row are one rectangle. */
function pathOf(row: readonly boolean[], y: number): string {
  let path = ''
  for (let x = 0; x < row.length; x++) {
    if (!row[x]) continue
    const from = x
    while (row[x + 1]) x++
    const width = x + 1 - from
    path += `M${from} ${y}h${width}v1h-${width}z`
  }
  return path
}
