// How surely a person was authenticated (`acr`), as our authorization server says it, weakest first.

/** One factor; two of them; phishing-resistant, as OpenID's EAP profile has it. */
export const acrLevels = ['1fa', 'mfa', 'phr'] as const

export type AcrLevel = (typeof acrLevels)[number]

/** Whether one of the wanted values is met: by itself, or by a level of ours above it. */
export function meetsAcr(acr: string | undefined, wanted: readonly string[]): boolean {
  if (acr === undefined) return false
  const have = levelOf(acr)
  return wanted.some(value => value === acr || (levelOf(value) >= 0 && levelOf(value) <= have))
}

function levelOf(acr: string): number {
  return acrLevels.indexOf(acr as AcrLevel)
}
