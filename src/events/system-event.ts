// An event that no request caused: a certificate that could not be renewed, something learned, and their like. Same journal, same lines.

import type { StoredEvent } from '../store/store.ts'
import { maskText } from './mask.ts'

const textMax = 1024

export function systemEvent(
  code: `${string}.${string}`,
  detail: string,
  reference: string,
  nowMs: number,
  action: 'fail' | 'learn' = 'fail',
): StoredEvent {
  const guard = 'gateway'
  const event = {
    '@timestamp': new Date(nowMs).toISOString(),
    event: { id: reference, action, outcome: action === 'fail' ? 'failure' : 'success', category: ['configuration'] },
    merlon: { reference, guard, code, detail: maskText(detail.slice(0, textMax)), findings: [] },
  }
  return { reference, timeMs: nowMs, action, guard, clientIp: '', path: '', json: JSON.stringify(event) }
}
