// Reads the file of an OpenAPI document. What is wrong with it, or with reading it, is told as problems.

import { readFileSync, statSync } from 'node:fs'
import { documentBytesMax, type OpenApiResult, readOpenApi } from './openapi.ts'

/** `shown` is its name in problems. */
export function readDocument(path: string, shown: string): OpenApiResult {
  const failed = (message: string) => {
    const at = { file: shown, line: 0, column: 0 }
    return { operations: [], problems: [{ code: 'openapi.unreadable', severity: 'error' as const, ...at, message }] }
  }
  try {
    if (statSync(path).size > documentBytesMax) return failed(`is larger than ${documentBytesMax} bytes`)
    return readOpenApi(shown, readFileSync(path, 'utf8'))
  } catch (error) {
    return failed(`can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
