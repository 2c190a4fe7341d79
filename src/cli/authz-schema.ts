// merlon authz schema

import { readApis } from '../policies/model.ts'
import { schemaJson, schemaOf } from '../policies/schema.ts'
import { loadAuthz } from './authz-config.ts'
import { CommandFailure, print, printJson, sayProblems } from './output.ts'

export function printSchema({ config: file, json }: { readonly config: string; readonly json?: true }): number {
  const { config, routes } = loadAuthz(file)
  if (routes.length === 0) throw new CommandFailure(`no route of ${file} has the guard authz`)
  const { apis, problems } = readApis(routes, config.dir)
  sayProblems(problems)
  if (problems.length > 0) return 1
  const { text } = schemaOf(apis)
  if (json) printJson(schemaJson(text))
  else print(text.trimEnd())
  return 0
}
