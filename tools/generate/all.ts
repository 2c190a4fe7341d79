// Every generated file: its name below docs/generated/ and its text.

import { configJsonSchema } from '../../src/config/json-schema.ts'
import { cliPage } from './cli.ts'
import { configPage } from './config.ts'
import { errorsPage } from './errors.ts'
import { eventsPage, metricsPage } from './events.ts'
import { limitsPage } from './limits.ts'
import { requestPathPage } from './request-path.ts'
import { seclangPage } from './seclang.ts'

export async function generated(): Promise<ReadonlyMap<string, string>> {
  const schema = configJsonSchema()
  return new Map([
    ['merlon.schema.json', `${JSON.stringify(schema, undefined, 2)}\n`],
    ['config.md', configPage(schema)],
    ['cli.md', await cliPage()],
    ['limits.md', limitsPage()],
    ['errors.md', errorsPage()],
    ['events.md', eventsPage()],
    ['metrics.md', metricsPage()],
    ['request-path.md', requestPathPage()],
    ['seclang.md', seclangPage()],
  ])
}
