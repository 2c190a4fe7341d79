// An event that no request caused: a certificate that could not be renewed, and its like. Same journal, same lines.

import type { StoredEvent } from '../store/store.ts'
import { maskText } from './mask.ts'

const textMax = 1024

export function systemEvent(
  code: `${string}.${string}`,
  detail: string,
  reference: string,
  nowMs: number,
): StoredEvent {
  const guard = 'gateway'
  const event = {
    '@timestamp': new Date(nowMs).toISOString(),
    event: { id: reference, action: 'fail', outcome: 'failure', category: ['configuration'] },
    merlon: { reference, guard, code, detail: maskText(detail.slice(0, textMax)), findings: [] },
  }
  return { reference, timeMs: nowMs, action: 'fail', guard, clientIp: '', path: '', json: JSON.stringify(event) }
}
