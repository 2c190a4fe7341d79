// Reads a secret from stdin, where neither the history of a shell nor a list of processes shows it.

import { CommandFailure } from './output.ts'

/** No password or token is longer. */
const secretBytesMax = 4096

/** All of stdin but one line end at its end. */
export async function readSecret(): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > secretBytesMax)
      throw new CommandFailure(`the secret on stdin is longer than ${secretBytesMax} bytes`, 2)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (text === '') throw new CommandFailure('there is no secret on stdin', 2)
  return text
}
