/** How long access tokens live, whoever has them. */
export const tokenTtlS = 3600
