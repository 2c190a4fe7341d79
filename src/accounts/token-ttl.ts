/** How long access tokens live at the most (`accounts.oauth.tokenTtl`): what is revoked is remembered so long. */
export const tokenTtlS = 3600
