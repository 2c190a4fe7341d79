// A quota as it is written, for guards and for records of API keys: so many requests in each hour, day or month.

export const quotaPeriods = ['hour', 'day', 'month'] as const
export type QuotaPeriod = (typeof quotaPeriods)[number]

export interface Quota {
  readonly limit: number
  readonly per: QuotaPeriod
}

export const quotaLimitMax = 4_000_000_000

/** `1000/day`; undefined when it is none. */
export function parseQuota(text: string): Quota | undefined {
  const [, digits = '', per = ''] = /^(\d{1,10})\/([a-z]+)$/.exec(text) ?? []
  const period = quotaPeriods.find(name => name === per)
  const limit = Number(digits)
  return period && limit >= 1 && limit <= quotaLimitMax ? { limit, per: period } : undefined
}
