// Periods of quotas. A calendar period is one count. A rolling one is thirteen: its twelfths, and the one that is just
// leaving, so that never more than the limit lies within one length of the period, and at most a twelfth more than it
// is waited for.

import type { QuotaCount, Quotas } from '../../store/store.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
export const lengthsMs = { hour: hourMs, day: dayMs, month: 30 * dayMs } as const
const parts = 12

export interface Window {
  readonly limit: number
  readonly per: keyof typeof lengthsMs
  readonly window: 'calendar' | 'rolling'
}

export interface Taken extends QuotaCount {
  /** Which count it was taken from, to give it back. */
  readonly period: number
  /** Until there is more to be had. */
  readonly resetMs: number
}

export function takeFrom(quotas: Quotas, key: string, { limit, per, window }: Window, nowMs: number): Taken {
  if (window === 'calendar') {
    const { index, endMs } = calendarPeriod(per, nowMs)
    return { ...quotas.take(key, index, 1, limit, endMs, nowMs), period: index, resetMs: endMs - nowMs }
  }
  const partMs = lengthsMs[per] / parts
  const period = Math.floor(nowMs / partMs)
  const before: number[] = []
  for (let i = period - parts; i < period; i++) before.push(quotas.read(key, i, nowMs))
  const used = before.reduce((sum, count) => sum + count, 0)
  // It counts until it has left the window whole.
  const endMs = (period + parts + 1) * partMs
  const count = quotas.take(key, period, 1, limit - used, endMs, nowMs)
  // Counts leave one after another, the oldest first.
  let left = used + count.count - limit + 1
  let oldest = 0
  while (oldest < before.length && left > (before[oldest] ?? 0)) left -= before[oldest++] ?? 0
  const leaves = (period - parts + oldest + parts + 1) * partMs
  return { ...count, count: used + count.count, period, resetMs: leaves - nowMs }
}

export function calendarPeriod(per: Window['per'], nowMs: number): { readonly index: number; readonly endMs: number } {
  if (per !== 'month') {
    const index = Math.floor(nowMs / lengthsMs[per])
    return { index, endMs: (index + 1) * lengthsMs[per] }
  }
  const date = new Date(nowMs)
  const index = date.getUTCFullYear() * 12 + date.getUTCMonth()
  return { index, endMs: Date.UTC(Math.floor((index + 1) / 12), (index + 1) % 12) }
}
