// Commander's actions return nothing; ours return the exit code, which is kept here for main.ts.

let code = 0

/** Runs a command's work and keeps its exit code. */
export function action<Arguments extends unknown[]>(
  work: (...values: Arguments) => number | Promise<number>,
): (...values: Arguments) => Promise<void> {
  return async (...values) => {
    code = await work(...values)
  }
}

export function exitCode(): number {
  return code
}
