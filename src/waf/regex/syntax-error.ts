// How the parser gives up. Thrown inside this folder alone; parseRegex turns it into a value.

export class RegexSyntaxError extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

export function isGroupName(name: string): boolean {
  return /^[A-Za-z_]\w{0,127}$/.test(name)
}
